//! What goes over the wire with kept answers.
