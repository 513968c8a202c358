//! The words of label selectors. Source: k8s.io/apimachinery/pkg/labels.

/// A word of a selector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Token {
    /// A key, a value, `in` or `notin`.
    Word(String),
    /// `(`
    Open,
    /// `)`
    Close,
    /// `,`
    Comma,
    /// `!`
    Not,
    /// `=`
    Equals,
    /// `==`
    DoubleEquals,
    /// `!=`
    NotEquals,
    /// `>`
    Greater,
    /// `<`
    Less,
    /// The end of the text.
    End,
}

impl std::fmt::Display for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Word(word) => word,
            Self::Open => "(",
            Self::Close => ")",
            Self::Comma => ",",
            Self::Not => "!",
            Self::Equals => "=",
            Self::DoubleEquals => "==",
            Self::NotEquals => "!=",
            Self::Greater => ">",
            Self::Less => "<",
            Self::End => "",
        })
    }
}

fn is_special(c: char) -> bool {
    matches!(c, '=' | '!' | '(' | ')' | ',' | '>' | '<')
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

/// Takes a text apart.
pub fn tokens(text: &str) -> Vec<Token> {
    let mut rest = text.trim_start_matches(is_space);
    let mut tokens = Vec::new();
    while let Some(first) = rest.chars().next() {
        let (token, length) = if is_special(first) { symbol(rest, first) } else { word(rest) };
        tokens.push(token);
        rest = rest[length..].trim_start_matches(is_space);
    }
    tokens.push(Token::End);
    tokens
}

fn symbol(rest: &str, first: char) -> (Token, usize) {
    match (first, rest.as_bytes().get(1)) {
        ('=', Some(b'=')) => (Token::DoubleEquals, 2),
        ('!', Some(b'=')) => (Token::NotEquals, 2),
        ('=', _) => (Token::Equals, 1),
        ('!', _) => (Token::Not, 1),
        ('(', _) => (Token::Open, 1),
        (')', _) => (Token::Close, 1),
        (',', _) => (Token::Comma, 1),
        ('>', _) => (Token::Greater, 1),
        _ => (Token::Less, 1),
    }
}

fn word(rest: &str) -> (Token, usize) {
    let length = rest.find(|c| is_special(c) || is_space(c)).unwrap_or(rest.len());
    (Token::Word(rest[..length].to_owned()), length)
}
