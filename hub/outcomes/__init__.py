"""The outcomes board of a borough: what the police recorded beside what people say, plan by plan; without targets."""
