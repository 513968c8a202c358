//! What is added to the shells' scripts so that names of objects are completed, too.
//!
//! This module must not know which commands there are beyond the kinds whose names it completes.

use clap_complete::Shell;

/// Bash and zsh: the generated function runs first; where a name may stand, the names are added.
const BASH: &str = r#"
_ebb_with_names() {
    _ebb "$@"
    local cur="${COMP_WORDS[COMP_CWORD]}" kind="" word namespace=() i
    [[ $cur == -* ]] && return 0
    case "${COMP_WORDS[1]}" in
        service|services|ksvc) kind=service ;;
        revision|revisions) kind=revision ;;
        route|routes) kind=route ;;
        domain|domains) kind=domain ;;
        secret|secrets) kind=secret ;;
        top) kind=service ;;
        *) return 0 ;;
    esac
    case "${COMP_WORDS[2]}" in create|import|"") [[ $kind == service && ${COMP_WORDS[1]} == top ]] || return 0 ;; esac
    for ((i = 1; i < COMP_CWORD; i++)); do
        word="${COMP_WORDS[i]}"
        if [[ $word == -n || $word == --namespace ]]; then namespace=(-n "${COMP_WORDS[i + 1]}"); fi
    done
    COMPREPLY+=($(compgen -W "$(ebb __names "$kind" "${namespace[@]}" 2>/dev/null)" -- "$cur"))
}
complete -F _ebb_with_names -o nosort -o bashdefault -o default ebb
"#;

const FISH: &str = r#"
for pair in 'service services ksvc' 'revision revisions' 'route routes' 'domain domains' 'secret secrets'
    set -l words (string split ' ' $pair)
    complete -c ebb -n "__fish_seen_subcommand_from $pair; and not __fish_seen_subcommand_from create import" -a "(ebb __names $words[1] 2>/dev/null)"
end
complete -c ebb -n '__fish_seen_subcommand_from top' -a '(ebb __names service 2>/dev/null)'
"#;

const ZSH: &str = r#"
_ebb_with_names() {
    _ebb "$@"
    local kind=""
    case "${words[2]}" in
        service|services|ksvc|top) kind=service ;;
        revision|revisions) kind=revision ;;
        route|routes) kind=route ;;
        domain|domains) kind=domain ;;
        secret|secrets) kind=secret ;;
        *) return 0 ;;
    esac
    [[ ${words[3]} == (create|import) ]] && return 0
    (( CURRENT > 3 )) || [[ ${words[2]} == top ]] || return 0
    compadd -- ${(f)"$(ebb __names $kind 2>/dev/null)"}
}
compdef _ebb_with_names ebb
"#;

/// The addition for a shell; PowerShell completes commands and flags only.
#[must_use]
pub fn addition(shell: Shell) -> &'static str {
    match shell {
        Shell::Bash => BASH,
        Shell::Fish => FISH,
        Shell::Zsh => ZSH,
        _ => "",
    }
}
