//! A policy whose feature is missing, in a build without features: an error where it is written that names the feature.
#![cfg(not(feature = "policies"))]

#[test]
fn a_policy_whose_feature_is_missing_is_answered_with_its_name() {
    trybuild::TestCases::new().compile_fail("ui/absent/*.rs");
    let answer = include_str!("../ui/absent/policies.stderr");
    for feature in ["breaker", "bulkhead", "hedge", "retry", "timeout"] {
        let sentence = format!("`{feature}` needs a feature of tta: write `features = [\"{feature}\"]`");
        assert!(answer.contains(&sentence), "{feature}: {answer}");
    }
    assert_eq!(answer.matches("error[").count(), 5, "one for each, and no more: {answer}");
    let answer = include_str!("../ui/absent/saga.stderr");
    for asked in ["`compensate`", "a saga"] {
        let sentence = format!("{asked} needs a feature of tta: write `features = [\"saga\"]`");
        assert!(answer.contains(&sentence), "{asked}: {answer}");
    }
    assert_eq!(answer.matches("error[").count(), 2, "one for each, and no more: {answer}");
}
