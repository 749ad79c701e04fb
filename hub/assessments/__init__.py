"""What came of a response to a problem, worked out by the hub on the promised day and whenever asked."""
