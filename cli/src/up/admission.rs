//! Joins the API server's admission hook with the rules of `ebb-api`, under the settings that are in force.

use ebb_api::admission as rules;
use ebb_apiserver::{Admission, AdmissionRequest, Admitted, Denied, Operation};

use super::settings::Settings;

/// The hook.
pub struct Rules(pub Settings);

impl Admission for Rules {
    fn concerns(&self, group: &str, resource: &str, subresource: Option<&str>) -> bool {
        subresource.is_none() && rules::is_ours(group, resource)
    }

    fn admit(&self, request: &AdmissionRequest<'_>) -> Result<Admitted, Denied> {
        let AdmissionRequest { operation, group, version, resource, subresource, kind, namespace, name, object, old_object, user, dry_run } =
            *request;
        let operation = match operation {
            Operation::Create => rules::Operation::Create,
            Operation::Update => rules::Operation::Update,
            Operation::Delete => rules::Operation::Delete,
        };
        let request = rules::AdmissionRequest {
            operation,
            group,
            version,
            kind,
            resource,
            subresource,
            namespace,
            name,
            user: &user.name,
            object,
            old: old_object,
            dry_run,
        };
        let (object, warnings) = rules::admit(request, &self.0.current()).map_err(|message| Denied { message })?;
        Ok(Admitted { object, warnings })
    }
}
