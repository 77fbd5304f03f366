//! Every decision, as pure code.
