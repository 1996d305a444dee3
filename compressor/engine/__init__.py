"""The flow: cut into blocks, encode in threads, verify, write; read, check, decode, join, verify."""
