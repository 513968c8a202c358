//! People who can be turned away: a certificate that names a uid is good as long as the record of its owner is there and
//! has that uid, as a bound token is good as long as the object is there to which it is bound. Certificates cannot be
//! called back; records can be deleted.

use crate::kinds::Registry;
use crate::options::User;
use crate::store::object;

/// Where the records are: ConfigMaps with this prefix before the user's name, in this namespace.
const NAMESPACE: &str = "kube-system";
const PREFIX: &str = "ebb-user.";

/// Whether the owner of a certificate may come in. Certificates without a uid are bound to nothing.
pub fn is_known(registry: &Registry, user: &User) -> bool {
    if user.uid.is_empty() {
        return true;
    }
    let record = registry.find_id("configmaps").and_then(|maps| maps.get(&object::key(NAMESPACE, &format!("{PREFIX}{}", user.name))));
    record.is_some_and(|record| *record.uid == *user.uid && !record.deleting)
}
