"""The exercises, one file per lesson; `check` imports it by the lesson's number."""
