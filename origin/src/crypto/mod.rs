//! Adapters that hold keys and hash passwords.
