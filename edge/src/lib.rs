//! Portcullis at the edge.
