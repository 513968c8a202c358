//! Errors as Kubernetes clients know them: a `Status` object with the code, reason and message that they match on.
//! Sources: k8s.io/apimachinery/pkg/api/errors and field/errors.

use serde_json::{Value, json};

use crate::kinds::Kind;

/// An answer that is an error.
#[derive(Clone, Debug)]
pub struct ApiError {
    /// HTTP status code.
    pub code: u16,
    /// Machine-readable reason, such as `NotFound`; empty for plain text answers.
    pub reason: &'static str,
    /// For people.
    pub message: String,
    /// `details` of the Status.
    pub details: Option<Box<Value>>,
    /// `metadata.continue` of the Status: how to go on with a list that has expired.
    pub token: Option<Box<str>>,
}

/// One fault in one field, the unit of a 422 answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// Path of the field, such as `spec.template.spec.containers[0].image`.
    pub field: String,
    /// `FieldValueInvalid` and its like.
    pub reason: &'static str,
    /// What is wrong, without the path.
    pub message: String,
}

impl Cause {
    /// A value that is not allowed.
    pub fn invalid(field: impl Into<String>, value: &Value, detail: &str) -> Self {
        let message = format!("Invalid value: {}: {detail}", show(value));
        Self { field: field.into(), reason: "FieldValueInvalid", message }
    }

    /// A value that must be there.
    pub fn required(field: impl Into<String>, detail: &str) -> Self {
        let message = if detail.is_empty() { "Required value".to_owned() } else { format!("Required value: {detail}") };
        Self { field: field.into(), reason: "FieldValueRequired", message }
    }

    /// A value of the wrong JSON type.
    pub fn wrong_type(field: impl Into<String>, value: &Value, wanted: &str) -> Self {
        let field = field.into();
        let got = json_type(value);
        let message = format!("Invalid value: \"{got}\": {field} in body must be of type {wanted}: \"{got}\"");
        Self { field, reason: "FieldValueTypeInvalid", message }
    }

    /// A value outside of a closed list.
    pub fn unsupported(field: impl Into<String>, value: &Value, allowed: &[String]) -> Self {
        let message = format!("Unsupported value: {}: supported values: {}", show(value), allowed.join(", "));
        Self { field: field.into(), reason: "FieldValueNotSupported", message }
    }

    /// A value that may not be there or may not change.
    pub fn forbidden(field: impl Into<String>, detail: &str) -> Self {
        Self { field: field.into(), reason: "FieldValueForbidden", message: format!("Forbidden: {detail}") }
    }

    /// A second entry of a list that is a set or a map.
    pub fn duplicate(field: impl Into<String>, value: &Value) -> Self {
        Self { field: field.into(), reason: "FieldValueDuplicate", message: format!("Duplicate value: {}", show(value)) }
    }
}

/// That nobody knows a kind. Kubernetes says besides in which line of its source.
pub fn unregistered(kind: &str, version: &str) -> String {
    format!("no kind {kind:?} is registered for version {version:?}")
}

/// The JSON type of a value, as messages name it.
pub fn json_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// What a Status says of whom it is about; what is empty is left out.
pub fn details(name: &str, group: &str, kind: &str) -> Value {
    let members = [("name", name), ("group", group), ("kind", kind)].into_iter().filter(|(_, value)| !value.is_empty());
    members.map(|(member, value)| (member.to_owned(), Value::from(value))).collect()
}

/// A value in a message: texts quoted as Go does it, others as JSON.
fn show(value: &Value) -> String {
    // Whole objects in messages help nobody; the beginning names the culprit. The longest name of anything is shorter.
    const LONGEST: usize = 1024;
    let text = value.as_str().map_or_else(|| escaped(&value.to_string()), quoted);
    match text.char_indices().nth(LONGEST) {
        Some((cut, _)) => format!("{}…", &text[..cut]),
        None => text,
    }
}

/// JSON as Go writes it, fit to stand in HTML.
fn escaped(json: &str) -> String {
    json.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026")
}

/// A text as Go quotes it.
pub fn quoted(text: &str) -> String {
    let mut told = String::with_capacity(text.len() + 2);
    told.push('"');
    for letter in text.chars() {
        match letter {
            '"' | '\\' => told.extend(['\\', letter]),
            '\n' => told.push_str("\\n"),
            '\t' => told.push_str("\\t"),
            '\r' => told.push_str("\\r"),
            letter if letter.is_ascii_control() => told.push_str(&format!("\\x{:02x}", u32::from(letter))),
            letter if letter.is_control() => told.push_str(&format!("\\u{:04x}", u32::from(letter))),
            letter => told.push(letter),
        }
    }
    told.push('"');
    told
}

impl ApiError {
    fn new(code: u16, reason: &'static str, message: impl Into<String>) -> Self {
        Self { code, reason, message: message.into(), details: None, token: None }
    }

    fn about(mut self, kind: &Kind, name: &str) -> Self {
        self.details = Some(details(name, &kind.group, &kind.resource).into());
        self
    }

    /// Errors from in front of the resources say nothing of whom they are about, but say so.
    fn with_empty_details(self) -> Self {
        Self { details: Some(json!({}).into()), ..self }
    }

    /// No such object.
    pub fn not_found(kind: &Kind, name: &str) -> Self {
        Self::new(404, "NotFound", format!("{} \"{name}\" not found", kind.qualified())).about(kind, name)
    }

    /// No such path below a resource that exists.
    pub fn no_such_resource() -> Self {
        Self::new(404, "NotFound", "the server could not find the requested resource").with_empty_details()
    }

    /// No such path at all: plain text, because clients take a Status for an answer about an object.
    pub fn page_not_found() -> Self {
        Self::new(404, "", "404 page not found\n")
    }

    /// The name is taken.
    pub fn already_exists(kind: &Kind, name: &str) -> Self {
        Self::new(409, "AlreadyExists", format!("{} \"{name}\" already exists", kind.qualified())).about(kind, name)
    }

    /// The name is taken by an object that is on its way out.
    pub fn still_exists(kind: &Kind, name: &str) -> Self {
        let taken = Self::already_exists(kind, name);
        Self { message: format!("object is being deleted: {}", taken.message), ..taken }
    }

    /// The client's resourceVersion is not the object's.
    pub fn conflict(kind: &Kind, name: &str) -> Self {
        let why = "the object has been modified; please apply your changes to the latest version and try again";
        Self::conflict_because(kind, name, why)
    }

    /// A precondition does not hold.
    pub fn conflict_because(kind: &Kind, name: &str, why: &str) -> Self {
        let message = format!("Operation cannot be fulfilled on {} \"{name}\": {why}", kind.qualified());
        Self::new(409, "Conflict", message).about(kind, name)
    }

    /// A precondition of a deletion does not hold. Kubernetes names the kind where others name the resource.
    pub fn unmet(kind: &Kind, name: &str, why: &str) -> Self {
        let dot = if kind.group.is_empty() { "" } else { "." };
        let message = format!("Operation cannot be fulfilled on {}{dot}{} \"{name}\": {why}", kind.kind, kind.group);
        Self { details: Some(details(name, &kind.group, &kind.kind).into()), ..Self::new(409, "Conflict", message) }
    }

    /// Fields are wrong.
    pub fn invalid(kind: &Kind, name: &str, causes: &[Cause]) -> Self {
        Self::invalid_kind(&kind.group, &kind.kind, name, causes)
    }

    /// Fields of something that need not be a kind of objects are wrong.
    pub fn invalid_kind(group: &str, kind: &str, name: &str, causes: &[Cause]) -> Self {
        let mut told: Vec<String> = Vec::new();
        for cause in causes {
            let line = format!("{}: {}", cause.field, cause.message);
            if !told.contains(&line) {
                told.push(line);
            }
        }
        let told = if told.len() == 1 { told.concat() } else { format!("[{}]", told.join(", ")) };
        let dot = if group.is_empty() { "" } else { "." };
        let message = format!("{kind}{dot}{group} \"{name}\" is invalid: {told}");
        let causes: Vec<Value> =
            causes.iter().map(|cause| json!({"reason": cause.reason, "message": cause.message, "field": cause.field})).collect();
        let mut details = details(name, group, kind);
        details["causes"] = causes.into();
        Self { details: Some(details.into()), ..Self::new(422, "Invalid", message) }
    }

    /// The request makes no sense.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message)
    }

    /// Nobody we know.
    pub fn unauthorized() -> Self {
        Self::new(401, "Unauthorized", "Unauthorized")
    }

    /// Known, but not allowed.
    pub fn forbidden(kind: &Kind, name: &str, why: &str) -> Self {
        Self::new(403, "Forbidden", format!("{} \"{name}\" is forbidden: {why}", kind.qualified())).about(kind, name)
    }

    /// Others manage what an applied configuration changes.
    pub fn apply_conflict(message: String, causes: Vec<Value>) -> Self {
        Self { details: Some(Box::new(json!({"causes": causes}))), ..Self::new(409, "Conflict", message) }
    }

    /// A failure for which Kubernetes has no reason: a Status without one.
    pub fn unknown(message: impl Into<String>) -> Self {
        Self::new(500, "", message)
    }

    /// The same, with a cause for programs.
    pub fn because(mut self, cause: &Cause) -> Self {
        let told = json!([{"reason": cause.reason, "message": cause.message, "field": cause.field}]);
        self.details.get_or_insert_with(|| json!({}).into())["causes"] = told;
        self
    }

    /// The resource does not know the verb.
    pub fn method_not_allowed() -> Self {
        Self::new(405, "MethodNotAllowed", "the server does not allow this method on the requested resource").with_empty_details()
    }

    /// The same, as custom kinds say it.
    pub fn verb_not_supported(kind: &Kind, verb: &str) -> Self {
        let message = format!("{verb} is not supported on resources of kind \"{}\"", kind.qualified());
        Self::new(405, "MethodNotAllowed", message).about(kind, "")
    }

    /// None of the media types that the client accepts is ours.
    pub fn not_acceptable(watch: bool) -> Self {
        let ours = "application/json, application/yaml, application/vnd.kubernetes.protobuf";
        let streams = if watch { ", application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch" } else { "" };
        Self::new(406, "NotAcceptable", format!("406: Not Acceptable\n\nAvailable representations: {ours}{streams}")).with_empty_details()
    }

    /// The metadata of one object are asked for as those of a list, or the other way round. Kubernetes names its own types.
    pub fn not_acceptable_as(form: &str, kind: &Kind, list: bool) -> Self {
        let not = if list { "" } else { "not " };
        let kept = match (kind.custom, list) {
            (true, true) => "unstructured.UnstructuredList".to_owned(),
            (true, false) => "unstructured.Unstructured".to_owned(),
            (false, _) => {
                let package = kind.group.split('.').next().filter(|group| !group.is_empty()).unwrap_or("core");
                format!("{package}.{}", if list { &kind.list_kind } else { &kind.kind })
            }
        };
        Self::new(406, "NotAcceptable", format!("you requested {form}, but the requested object is {not}a list (*{kept})"))
    }

    /// The media type is ours, but not in the form that the client asks for; or the resource is of a custom kind.
    pub fn not_acceptable_but(ours: &str) -> Self {
        Self::new(406, "NotAcceptable", format!("only the following media types are accepted: {ours}"))
    }

    /// A patch that does not say what it is.
    pub fn unsupported_patch() -> Self {
        Self::new(415, "UnsupportedMediaType", "415: Unsupported Media Type").with_empty_details()
    }

    /// The client gave us less time than it takes.
    pub fn out_of_time() -> Self {
        let message = "Timeout: request did not complete within the requested timeout - context deadline exceeded";
        Self { details: Some(json!({"retryAfterSeconds": 1}).into()), ..Self::new(504, "Timeout", message) }
    }

    /// The body's media type is not understood here.
    pub fn unsupported_media_type(ours: &str) -> Self {
        let message = format!("the body of the request was in an unknown format - accepted media types include: {ours}");
        Self::new(415, "UnsupportedMediaType", message)
    }

    /// History does not reach back that far.
    pub fn expired(message: impl Into<String>) -> Self {
        Self::new(410, "Expired", message)
    }

    /// History does not reach back to the first page of a list; the token goes on with the present state.
    pub fn continue_expired(token: &str) -> Self {
        let message = "The provided continue parameter is too old to display a consistent list result. You can start a new list without \
            the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with \
            the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the \
            first chunk was returned and now may show up in the list.";
        Self { token: Some(token.into()), ..Self::expired(message) }
    }

    /// The resourceVersion lies in the future. Clients that asked for any state as new as that may try again soon.
    pub fn too_large_version(asked: u64, current: u64, again: bool) -> Self {
        let cause = json!({"reason": "ResourceVersionTooLarge", "message": "Too large resource version"});
        let details = if again { json!({"causes": [cause], "retryAfterSeconds": 1}) } else { json!({"causes": [cause]}) };
        let message = format!("Timeout: Too large resource version: {asked}, current: {current}");
        Self { details: Some(details.into()), ..Self::new(504, "Timeout", message) }
    }

    /// The body is too large.
    pub fn too_large(limit: usize) -> Self {
        Self::new(413, "RequestEntityTooLarge", format!("Request entity too large: limit is {limit}"))
    }

    /// What a patch makes of an object is no object of its kind. `made` is that, or the patch.
    pub fn invalid_patch(made: &str, why: &str) -> Self {
        let message = format!("Invalid value: {}: {why}", quoted(made));
        Self::invalid_kind("", "", "", &[Cause { field: "patch".into(), reason: "FieldValueInvalid", message }])
    }

    /// A JSON patch cannot be applied. Kubernetes does not say why.
    pub fn patch_failed() -> Self {
        Self {
            details: Some(json!({}).into()),
            ..Self::new(422, "Invalid", "the server rejected our request due to an error in our request")
        }
    }

    /// Our own fault.
    pub fn internal(message: impl std::fmt::Display) -> Self {
        Self::new(500, "InternalError", format!("Internal error occurred: {message}"))
    }

    /// The disk did not take it. Nothing has changed; the client may try again when there is room.
    pub fn storage(full: bool, message: impl std::fmt::Display) -> Self {
        if full {
            Self::new(507, "InsufficientStorage", format!("nothing was changed, because the disk is full: {message}"))
        } else {
            Self::new(500, "InternalError", format!("nothing was changed, because it could not be stored: {message}"))
        }
    }

    /// Not built into this server.
    pub fn not_implemented(what: &str) -> Self {
        Self::new(501, "NotImplemented", what)
    }

    /// Another answer of this family, for hooks.
    pub fn other(code: u16, reason: &'static str, message: impl Into<String>) -> Self {
        Self::new(code, reason, message)
    }

    /// The Status object.
    pub fn status(&self) -> Value {
        let mut status = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": self.message,
        });
        if !self.reason.is_empty() {
            status["reason"] = self.reason.into();
        }
        if let Some(token) = &self.token {
            status["metadata"]["continue"] = (**token).into();
        }
        if let Some(details) = &self.details {
            status["details"] = (**details).clone();
        }
        status["code"] = self.code.into();
        status
    }
}

impl std::fmt::Display for ApiError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({} {})", self.message.trim_end(), self.code, self.reason)
    }
}

impl std::error::Error for ApiError {}
