"""From records to differences, crossings and verdicts."""
