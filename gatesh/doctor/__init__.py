"""Looking after an installation: what is there, what is wrong with it, what to do. Changes nothing."""
