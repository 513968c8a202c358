//! Who am I, and whose is this token.

use serde_json::{Value, json};

use super::{texts, user_info};
use crate::access::authenticate;
use crate::clock;
use crate::error::ApiError;
use crate::options::User;
use crate::value;
use crate::write::Core;

/// The asker, as the server sees him.
pub fn itself(user: &User) -> Value {
    json!({"metadata": {"creationTimestamp": clock::now()}, "status": {"userInfo": user_info(user)}})
}

/// Whose a token is.
pub fn of_token(core: &Core, question: &Value) -> Result<Value, ApiError> {
    let token = value::text(question, &["spec", "token"]);
    if token.is_empty() {
        return Err(ApiError::bad_request("token is required for TokenReview in authentication"));
    }
    let asked = texts(question, &["spec", "audiences"]);
    Ok(match authenticate::of_token(core, token, &asked) {
        Ok((user, audiences)) => json!({"authenticated": true, "user": user_info(&user), "audiences": audiences}),
        Err(why) => json!({"user": {}, "error": why}),
    })
}
