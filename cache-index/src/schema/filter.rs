//! The expression of a model's filter, as far as it must be read: which fields it names.

/// The names behind `@`, outside of strings.
pub(super) fn names(expression: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut letters = expression.chars().peekable();
    let mut quote = None;
    while let Some(letter) = letters.next() {
        match (letter, quote) {
            ('\\', Some(_)) => {
                letters.next();
            }
            (letter, Some(open)) if letter == open => quote = None,
            (_, Some(_)) => {}
            ('"' | '\'', None) => quote = Some(letter),
            ('@', None) => {
                let mut name = String::new();
                while let Some(letter) = letters.next_if(|letter| letter.is_alphanumeric() || *letter == '_')
                {
                    name.push(letter);
                }
                names.push(name);
            }
            _ => {}
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn names_stand_outside_of_strings() {
        assert_eq!(
            names(r#"@age > 17 && (@kind=='x@y' || exists(@a_b)) && @t != "\"@z""#),
            ["age", "kind", "a_b", "t"]
        );
        assert_eq!(names("1 == 1"), [""; 0]);
    }
}
