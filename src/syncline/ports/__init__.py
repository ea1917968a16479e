"""Protocols that the engine knows: connector, store, executor, secrets, listener."""
