//! `container add`.
//!
//! This module must not decide how a container looks.

use std::io::IsTerminal as _;

use anyhow::{Context as _, Result, bail};
use k8s_openapi::api::core::v1::PodSpec;

use super::{inputs, single};
use crate::commands::ContainerAddArgs;
use crate::edit::{self, Verb};
use crate::print::object;
use crate::{manifest, report};

/// Prints a container, and those that come in from a pipe, for `service create --containers`.
///
/// # Errors
/// What is wrong with the flags or what comes in.
pub fn add(args: &ContainerAddArgs) -> Result<()> {
    let name = single(&args.names, "'container add' requires the container name given as single argument")?;
    if args.pod.image.is_empty() {
        bail!("'container add'  requires the image name to run provided with the --image option");
    }
    let mut inputs = inputs::of_pod(&args.pod)?;
    let mut flags = args.pod.clone();
    if flags.containers.is_none() && !std::io::stdin().is_terminal() {
        flags.containers = Some("-".to_owned());
        inputs.containers = manifest::containers(&inputs::file_or_stdin("-")?).context("cannot use what comes in")?;
    }
    let mut random = inputs::chance;
    let around = inputs::around(Verb::Create, inputs, &mut random)?;
    let mut pod = PodSpec::default();
    edit::pod::apply(&mut pod, &flags, &around)?;
    name.clone_into(&mut edit::pod::first_container(&mut pod).name);
    report::write(&object::yaml(&object::value(&pod)?)?)
}
