//! Checks of terms and definitions as a terminologist makes them.
