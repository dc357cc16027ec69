//! The git source, against repositories that the real `git` program makes.

mod conformance;
mod cursors;
mod lines;
mod oddities;
mod people;
mod places;
mod repository;
mod rewrites;
mod scale;
