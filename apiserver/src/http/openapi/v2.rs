//! OpenAPI version 2: the schemas of everything in one document, for tools that know no newer one. Its protobuf form is not
//! served: clients that ask for it go on with version 3.

use ::http::{Response, StatusCode, request};
use serde_json::{Map, Value, json};

use super::types::{REFERENCE, Types};
use super::{add_custom, aggregated};
use crate::error::ApiError;
use crate::http::body::Body;
use crate::http::{media, respond};
use crate::write::Core;

/// The answer to `/openapi/v2`.
///
/// # Errors
/// None.
pub fn answer(core: &Core, parts: &request::Parts) -> Result<Response<Body>, ApiError> {
    let clauses = media::clauses(&parts.headers);
    if !clauses.is_empty() && !clauses.iter().any(|clause| matches!(clause.media_type, "application/json" | "application/*" | "*/*")) {
        return Ok(respond(StatusCode::NOT_ACCEPTABLE, "text/plain", Body::full("")));
    }
    let mut types = Types::new();
    let mut custom = Map::new();
    for kind in core.registry.kinds() {
        for version in &kind.versions {
            match kind.custom {
                true => add_custom(core, &kind, &version.name, &mut types, &mut custom),
                false => types.add(&kind, &version.name),
            };
        }
    }
    let mut definitions = types.finish();
    definitions.extend(custom);
    definitions.values_mut().for_each(plain);
    let document = json!({
        "swagger": "2.0", "info": {"title": "Kubernetes", "version": "1.36"}, "paths": {}, "definitions": definitions,
        "securityDefinitions": {"BearerToken": {"description": "Bearer Token authentication", "type": "apiKey", "name": "authorization", "in": "header"}},
        "security": [{"BearerToken": []}],
    });
    let text = document.to_string().replace(REFERENCE, "#/definitions/");
    Ok(aggregated::tagged(text, media::JSON, &parts.headers))
}

/// Version 2 has no alternatives and no null.
fn plain(schema: &mut Value) {
    let Value::Object(fields) = schema else { return };
    let alternatives = ["oneOf", "anyOf", "not"].map(|name| fields.shift_remove(name).is_some());
    fields.shift_remove("nullable");
    if alternatives.contains(&true) && !fields.contains_key("type") && !fields.contains_key("x-kubernetes-int-or-string") {
        fields.insert("type".into(), "string".into());
    }
    if let Some(Value::Object(properties)) = fields.get_mut("properties") {
        properties.values_mut().for_each(plain);
    }
    for member in ["items", "additionalProperties"] {
        if let Some(inner) = fields.get_mut(member) {
            plain(inner);
        }
    }
}
