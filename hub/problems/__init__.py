"""Problems: the record of one through scanning, analysis, response and assessment, and what is remembered of it."""
