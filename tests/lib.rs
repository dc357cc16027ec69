//! The tests that look at several crates at once. Each folder beside this file is one test binary:
//! `contract` (one suite over the port, three implementations), `database` (around the port),
//! `arithmetic` (the rules), `architecture` (the house).
