//! The commands that kn does not have, with the shipped binary: rollback, traffic, diff, why, top, completion of names.

use std::fs;

use ebb_tests::{Ebb, Result};
use tokio::process::Command;

const NAME: &str = "shop";

/// A service with three revisions, of which the last one gets everything.
async fn three_revisions(ebb: &Ebb) -> Result<()> {
    ebb.create(NAME, &["--env", "TARGET=one"]).await?;
    ebb.ok(&["service", "update", NAME, "--env", "TARGET=two"]).await?;
    ebb.ok(&["service", "update", NAME, "--env", "TARGET=three", "--scale-max", "5"]).await?;
    Ok(())
}

async fn answer(ebb: &Ebb) -> Result<String> {
    Ok(ebb.get(&format!("{NAME}.default.localhost/")).await?.text())
}

#[tokio::test]
async fn a_rollback_brings_the_revision_before_back_and_says_what_it_did() -> Result<()> {
    let ebb = Ebb::up().await?;
    three_revisions(&ebb).await?;
    let printed = ebb.ok(&["service", "rollback", NAME]).await?;
    assert!(printed.contains("goes back from 'shop-00003' (100%) to 'shop-00002'"), "{printed}");
    assert!(printed.contains("ebb service traffic shop --traffic @latest=100"), "{printed}");
    assert_eq!(answer(&ebb).await?, "Hello two!\n", "it is in force when the command returns");

    ebb.ok(&["service", "rollback", NAME, "--to", "shop-00001"]).await?;
    assert_eq!(answer(&ebb).await?, "Hello one!\n");
    let printed = ebb.ok(&["service", "rollback", NAME, "--to", "shop-00001"]).await?;
    assert!(printed.contains("sends all traffic to revision 'shop-00001' already"), "{printed}");
    let printed = ebb.err(&["service", "rollback", NAME]).await?;
    assert!(printed.contains("has no ready revision before 'shop-00001'"), "{printed}");
    let printed = ebb.err(&["service", "rollback", NAME, "--to", "nothing"]).await?;
    assert!(printed.contains("has no revision 'nothing'; it has shop-00001, shop-00002, shop-00003"), "{printed}");

    let picture = ebb.ok(&["service", "traffic", NAME]).await?;
    assert!(picture.contains("100%  ████████████████████  shop-00001"), "{picture}");
    let picture = ebb.ok(&["service", "traffic", NAME, "--traffic", "shop-00001=25,@latest=75"]).await?;
    assert!(
        picture.contains(" 25%  █████░░░░░░░░░░░░░░░  shop-00001") && picture.contains(" 75%  ███████████████░░░░░  shop-00003 @latest"),
        "{picture}"
    );
    ebb.stop(&[]).await?;
    Ok(())
}

/// The usual reason to go back: the newest revision does not come up. The service is not ready then, and need not be.
#[tokio::test]
async fn a_rollback_does_not_wait_for_what_is_broken() -> Result<()> {
    let ebb = Ebb::up().await?;
    three_revisions(&ebb).await?;
    ebb.err(&["service", "update", NAME, "--cmd", "/nowhere/at-all", "--wait-window", "1"]).await?;
    ebb.ok(&["service", "rollback", NAME]).await?;
    assert_eq!(answer(&ebb).await?, "Hello two!\n");
    ebb.stop(&[]).await?;
    Ok(())
}

#[tokio::test]
async fn a_diff_names_what_changed() -> Result<()> {
    let ebb = Ebb::up().await?;
    three_revisions(&ebb).await?;
    let printed = ebb.ok(&["service", "diff", NAME]).await?;
    assert!(printed.starts_with("shop-00002 → shop-00003\n"), "{printed}");
    assert!(printed.contains("  ~ spec.containers[user-container].env[TARGET].value: two → three\n"), "{printed}");
    assert!(printed.contains("  + annotations[autoscaling.knative.dev/max-scale]: 5\n"), "{printed}");
    assert_eq!(printed.lines().count(), 3, "{printed}");
    let same = ebb.ok(&["service", "diff", NAME, "--from", "shop-00001", "--to", "shop-00001"]).await?;
    assert_eq!(same, "shop-00001 and shop-00001 do not differ.\n");

    let file = ebb.data_dir().with_file_name("shop.yaml");
    let path = file.to_str().ok_or("a path that is not UTF-8")?;
    fs::write(&file, ebb.ok(&["service", "export", NAME, "--mode", "replay", "-o", "yaml"]).await?)?;
    assert!(ebb.ok(&["service", "diff", "-f", path]).await?.contains("do not differ"), "what the server fills in is no difference");
    fs::write(&file, fs::read_to_string(&file)?.replace("three", "four"))?;
    let printed = ebb.ok(&["service", "diff", "-f", path]).await?;
    assert!(printed.contains("env[TARGET].value: three → four"), "{printed}");
    assert_eq!(answer(&ebb).await?, "Hello three!\n", "nothing was changed");
    ebb.stop(&[]).await?;
    Ok(())
}

#[tokio::test]
async fn why_tells_what_is_wrong_with_a_service_and_how_its_requests_fare() -> Result<()> {
    let ebb = Ebb::up().await?;
    ebb.create(NAME, &[]).await?;
    for _ in 0..5 {
        answer(&ebb).await?;
    }
    let page = ebb.ok(&["service", "why", NAME]).await?;
    assert!(page.contains("shop is ready for"), "{page}");
    assert!(page.contains("1 of 1 ready") && page.contains("5 since 'ebb up' was started"), "{page}");

    ebb.err(&["service", "update", NAME, "--cmd", "/nowhere/at-all", "--wait-window", "1"]).await?;
    let page = ebb.ok(&["service", "why", NAME]).await?;
    assert!(page.contains("shop is not ready for") && page.contains("Earlier revisions still serve."), "{page}");
    assert!(page.contains("shop-00002  0% of the traffic, failed:") && page.contains("/nowhere/at-all"), "{page}");
    assert!(!page.contains('\u{1b}'), "no colours where there is no terminal");
    ebb.stop(&[]).await?;
    Ok(())
}

#[tokio::test]
async fn top_shows_once_where_there_is_no_terminal() -> Result<()> {
    let ebb = Ebb::up().await?;
    ebb.create(NAME, &[]).await?;
    let (table, ()) = tokio::try_join!(ebb.ok(&["top"]), async {
        let mut http = ebb_tests::Http::connect(ebb.http).await?;
        // Longer than one look, so that requests fall into it.
        let end = tokio::time::Instant::now() + std::time::Duration::from_secs(3);
        while tokio::time::Instant::now() < end {
            http.get("shop.default.localhost", "/").await?;
        }
        Ok(())
    })?;
    let mut lines = table.lines();
    assert!(lines.next().is_some_and(|line| line.starts_with("NAME") && line.contains("REQ/S")), "{table}");
    let cells: Vec<&str> = lines.next().unwrap_or_default().split_whitespace().collect();
    assert_eq!(cells.first(), Some(&NAME), "{table}");
    assert!(cells.get(4).and_then(|rate| rate.parse::<f64>().ok()).is_some_and(|rate| rate > 1.0), "{table}");
    let refused = ebb.err(&["top", "nobody"]).await?;
    assert!(refused.contains("\"nobody\" not found"), "{refused}");
    ebb.stop(&[]).await?;
    Ok(())
}

/// The script of bash, run by bash: commands, flags, and names from the server.
#[tokio::test]
async fn bash_completes_names_of_services() -> Result<()> {
    let ebb = Ebb::up().await?;
    ebb.create(NAME, &[]).await?;
    ebb.create("other", &["--no-wait"]).await?;
    let binary = ebb_tests::process::ebb_binary()?;
    let directory = binary.parent().ok_or("no directory")?.to_string_lossy().into_owned();
    let complete = async |line: &str| -> Result<String> {
        let script = format!(
            "source <(ebb completion bash); COMP_WORDS=({line} ''); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); COMP_LINE='{line} '; COMP_POINT=${{#COMP_LINE}}; \
             _ebb_with_names ebb '' \"${{COMP_WORDS[COMP_CWORD - 1]}}\"; printf '%s\\n' \"${{COMPREPLY[@]}}\""
        );
        let path = format!("{directory}:{}", std::env::var("PATH")?);
        let output = Command::new("bash")
            .args(["-c", &script])
            .env("PATH", path)
            .env("EBB_HOME", ebb.data_dir())
            .env_remove("KUBECONFIG")
            .output()
            .await?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr))
    };
    let words = complete("ebb service describe").await?;
    assert!(words.lines().any(|word| word == NAME) && words.lines().any(|word| word == "other"), "{words}");
    let words = complete("ebb revision describe").await?;
    assert!(words.lines().any(|word| word == "shop-00001"), "{words}");
    let words = complete("ebb service").await?;
    assert!(words.lines().any(|word| word == "rollback") && !words.lines().any(|word| word == NAME), "{words}");
    ebb.stop(&[]).await?;
    Ok(())
}
