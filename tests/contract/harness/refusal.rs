//! How a case says that a call is refused.

/// Calls, and expects a refusal of that pattern; its fields are compared in the guard. Whatever was
/// refused must have changed nothing, so both ledgers are dumped before and after. The refusal is
/// the macro's value, for a case that looks at its text as well.
macro_rules! assert_refused {
    ($world:expr, $call:expr, $pattern:pat $(if $guard:expr)? $(,)?) => {{
        let before = $crate::harness::dump($world).await;
        let Err(refusal) = $call.await else { panic!("it was not refused") };
        assert!(
            matches!(&refusal, $pattern $(if $guard)?),
            "it was refused for another reason, or with other facts: {refusal:?}"
        );
        let after = $crate::harness::dump($world).await;
        assert_eq!(before, after, "a refused call changed something");
        refusal
    }};
}
