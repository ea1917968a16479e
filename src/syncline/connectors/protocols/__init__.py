"""Protocols: what goes over a wire, without a word of any business application."""
