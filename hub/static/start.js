// Starts the GOV.UK components on a page; each page's own script, where it has one, is loaded after this.
import { initAll } from "./vendor/govuk-frontend/govuk-frontend.min.js";

initAll();
