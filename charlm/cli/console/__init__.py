"""The interactive console: it reads lines and keys, and acts on a conversation."""
