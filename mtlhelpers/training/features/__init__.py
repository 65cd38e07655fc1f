"""Hidden states of frozen layers: kept once, looked at by every head."""
