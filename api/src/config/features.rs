//! `config-features`: which optional behaviour and which pod fields a cluster has.
//!
//! This module must not act on a flag. Source: knative/serving `pkg/apis/config/features.go`. An unknown value is
//! ignored, as Knative does.

use std::collections::BTreeMap;

use super::ConfigError;
use super::parse::Data;

/// The ConfigMap's name.
pub const NAME: &str = "config-features";

/// The value of a feature.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Flag {
    /// Off, and not to be asked for.
    #[default]
    Disabled,
    /// Off unless asked for.
    Allowed,
    /// On.
    Enabled,
    /// Of `secure-pod-defaults` only: secure where it does not hinder pods that run as root.
    AllowRootBounded,
}

impl Flag {
    /// May it be used at all?
    #[must_use]
    pub fn is_permitted(self) -> bool {
        self != Self::Disabled
    }

    /// Is it on without being asked for?
    #[must_use]
    pub fn is_enabled(self) -> bool {
        self == Self::Enabled
    }

    /// The value as it is written in the ConfigMap.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Disabled => "disabled",
            Self::Allowed => "allowed",
            Self::Enabled => "enabled",
            Self::AllowRootBounded => "AllowRootBounded",
        }
    }

    fn parse(text: &str, known: &[Self]) -> Option<Self> {
        known.iter().copied().find(|flag| flag.as_str().eq_ignore_ascii_case(text))
    }
}

macro_rules! features {
    ($($(#[doc = $doc:literal])+ $field:ident, $key:literal, $default:ident;)*) => {
        /// All features.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct Features {
            $($(#[doc = $doc])+ pub $field: Flag,)*
        }

        impl Default for Features {
            fn default() -> Self {
                Self { $($field: Flag::$default,)* }
            }
        }

        impl Features {
            fn each(&mut self, mut visit: impl FnMut(&'static str, &mut Flag)) {
                $(visit($key, &mut self.$field);)*
            }

            /// Every key with what it is for and its default, in the order of the shipped ConfigMap.
            pub(super) const KEYS: &'static [(&'static str, Flag, &'static str)] = &[
                $(($key, Flag::$default, concat!($($doc),+)),)*
            ];
        }
    };
}

features! {
    /// Several containers in one pod.
    multi_container, "multi-container", Enabled;
    /// Probes on containers that do not serve.
    multi_container_probing, "multi-container-probing", Disabled;
    /// Node and pod affinity.
    podspec_affinity, "kubernetes.podspec-affinity", Disabled;
    /// Topology spread constraints.
    podspec_topology_spread_constraints, "kubernetes.podspec-topologyspreadconstraints", Disabled;
    /// Host aliases.
    podspec_host_aliases, "kubernetes.podspec-hostaliases", Disabled;
    /// Environment from fields of the pod and from resources.
    podspec_field_ref, "kubernetes.podspec-fieldref", Disabled;
    /// Node selectors.
    podspec_node_selector, "kubernetes.podspec-nodeselector", Disabled;
    /// Runtime classes.
    podspec_runtime_class_name, "kubernetes.podspec-runtimeclassname", Disabled;
    /// The security context of the pod.
    podspec_security_context, "kubernetes.podspec-securitycontext", Disabled;
    /// One process namespace for all containers of a pod.
    podspec_share_process_namespace, "kubernetes.podspec-shareprocessnamespace", Disabled;
    /// The host's IPC namespace.
    podspec_host_ipc, "kubernetes.podspec-hostipc", Disabled;
    /// The host's process namespace.
    podspec_host_pid, "kubernetes.podspec-hostpid", Disabled;
    /// The host's network.
    podspec_host_network, "kubernetes.podspec-hostnetwork", Disabled;
    /// Priority classes.
    podspec_priority_class_name, "kubernetes.podspec-priorityclassname", Disabled;
    /// Scheduler names.
    podspec_scheduler_name, "kubernetes.podspec-schedulername", Disabled;
    /// Adding Linux capabilities.
    containerspec_add_capabilities, "kubernetes.containerspec-addcapabilities", Disabled;
    /// Tolerations.
    podspec_tolerations, "kubernetes.podspec-tolerations", Disabled;
    /// Volumes of kind emptyDir.
    podspec_volumes_empty_dir, "kubernetes.podspec-volumes-emptydir", Enabled;
    /// Volumes of kind hostPath.
    podspec_volumes_host_path, "kubernetes.podspec-volumes-hostpath", Disabled;
    /// Mount propagation.
    podspec_volumes_mount_propagation, "kubernetes.podspec-volumes-mount-propagation", Disabled;
    /// Volumes of kind csi.
    podspec_volumes_csi, "kubernetes.podspec-volumes-csi", Disabled;
    /// Volumes of kind ephemeral.
    podspec_volumes_ephemeral, "kubernetes.podspec-volumes-ephemeral", Disabled;
    /// Volumes of kind image.
    podspec_volumes_image, "kubernetes.podspec-volumes-image", Disabled;
    /// Volumes of kind persistentVolumeClaim.
    podspec_persistent_volume_claim, "kubernetes.podspec-persistent-volume-claim", Disabled;
    /// Writing to volumes of kind persistentVolumeClaim.
    podspec_persistent_volume_write, "kubernetes.podspec-persistent-volume-write", Disabled;
    /// Init containers.
    podspec_init_containers, "kubernetes.podspec-init-containers", Disabled;
    /// DNS policies.
    podspec_dns_policy, "kubernetes.podspec-dnspolicy", Disabled;
    /// DNS settings.
    podspec_dns_config, "kubernetes.podspec-dnsconfig", Disabled;
    /// Secure defaults for pods: enabled, AllowRootBounded or disabled.
    secure_pod_defaults, "secure-pod-defaults", Disabled;
    /// Choosing a tag by the header Knative-Serving-Tag.
    tag_header_based_routing, "tag-header-based-routing", Disabled;
    /// Finding out whether a container speaks HTTP/2.
    autodetect_http2, "autodetect-http2", Disabled;
    /// Pod information for the sidecar. Kept for compatibility: there is no sidecar.
    queueproxy_mount_podinfo, "queueproxy.mount-podinfo", Disabled;
    /// Resource defaults of the sidecar. Kept for compatibility: there is no sidecar.
    queueproxy_resource_defaults, "queueproxy.resource-defaults", Disabled;
}

impl Features {
    /// Reads the ConfigMap's data.
    ///
    /// # Errors
    /// None today: a value that is not known leaves the default.
    pub fn from_data(data: &BTreeMap<String, String>) -> Result<Self, ConfigError> {
        let data = Data(data);
        let mut features = Self::default();
        features.each(|key, flag| {
            let known: &[Flag] = match key {
                "secure-pod-defaults" => &[Flag::Disabled, Flag::AllowRootBounded, Flag::Enabled],
                _ => &[Flag::Enabled, Flag::Allowed, Flag::Disabled],
            };
            if let Some(read) = data.get(key).and_then(|text| Flag::parse(text, known)) {
                *flag = read;
            }
        });
        Ok(features)
    }
}
