//! Golden stories: the life of a Service object, as text that people can read. `EBB_BLESS=1 cargo test` writes them anew.

use serde_json::json;

use crate::testing::{World, pod, service, target};

fn check(name: &str, told: &str) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/story").join(name);
    if std::env::var_os("EBB_BLESS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, told).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(golden == told, "the story {name} is told differently (EBB_BLESS=1 writes it anew):\n{told}");
}

#[test]
fn the_life_of_a_service() {
    let mut world = World::new();
    world.title("create");
    world.put(service("shop", "one"));
    world.settle();
    world.pods_become_ready("shop-00001");
    world.settle();
    world.ingress_takes_over();
    world.settle();
    world.sum_up();

    world.title("scale to zero");
    world.scales_to_zero("shop-00001");
    world.settle();

    world.title("update: the old revision serves until the new one is ready");
    world.edit("shop", |shop| *shop = service_with_env(shop, "two"));
    world.settle();
    world.pods_become_ready("shop-00002");
    world.settle();
    world.ingress_takes_over();
    world.settle();
    world.sum_up();

    world.title("split traffic and tag");
    world.edit("shop", |shop| shop.spec.traffic = ["shop-00001=20 as old", "latest=80"].map(target).to_vec());
    world.settle();
    world.ingress_takes_over();
    world.settle();
    world.sum_up();

    world.title("rollback: everything to the first, the tag goes");
    world.edit("shop", |shop| shop.spec.traffic = ["shop-00001=100"].map(target).to_vec());
    world.settle();
    world.ingress_takes_over();
    world.settle();
    world.sum_up();

    world.title("delete");
    world.delete_service("shop");
    world.settle();
    assert!(world.routes.is_empty());
    check("life.txt", &world.log);
}

#[test]
fn bring_your_own_names() {
    let mut world = World::new();
    world.title("create with a name");
    world.put(service("shop", "one"));
    world.edit("shop", |shop| shop.spec.template.metadata.name = Some("shop-blue".to_owned()));
    world.settle();
    world.pods_become_ready("shop-blue");
    world.settle();
    world.ingress_takes_over();
    world.settle();

    world.title("update under another name");
    world.edit("shop", |shop| {
        *shop = service_with_env(shop, "two");
        shop.spec.template.metadata.name = Some("shop-green".to_owned());
    });
    world.settle();
    world.pods_become_ready("shop-green");
    world.settle();
    world.ingress_takes_over();
    world.settle();
    world.sum_up();

    world.title("rollback to the first name with the first template");
    world.edit("shop", |shop| {
        *shop = service_with_env(shop, "one");
        shop.spec.template.metadata.name = Some("shop-blue".to_owned());
    });
    world.settle();
    world.ingress_takes_over();
    world.settle();
    world.sum_up();

    world.title("the first name with a third template");
    world.edit("shop", |shop| *shop = service_with_env(shop, "three"));
    world.settle();
    world.sum_up();
    check("names.txt", &world.log);
}

#[test]
fn failures_climb_and_heal() {
    let mut world = World::new();
    world.title("the process ends at once");
    world.put(service("shop", "one"));
    world.settle();
    let ended = json!({"containerStatuses": [{
        "name": "user-container", "ready": false, "restartCount": 1, "image": "", "imageID": "",
        "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 10s"}},
        "lastState": {"terminated": {"exitCode": 3, "message": "no database", "reason": "Error"}},
    }]});
    world.pods = vec![pod("shop-00001", "p1", ended)];
    world.settle();

    world.title("its pod is gone; the cause stays");
    world.pods.clear();
    world.settle();

    world.title("it comes up after all");
    world.pods_become_ready("shop-00001");
    world.settle();
    world.ingress_takes_over();
    world.settle();

    world.title("an update to a command that does not exist: the first revision goes on");
    world.edit("shop", |shop| *shop = service_with_env(shop, "two"));
    world.settle();
    let hopeless = json!({"containerStatuses": [{
        "name": "user-container", "ready": false, "restartCount": 0, "image": "", "imageID": "",
        "state": {"waiting": {"reason": "RunContainerError", "message": "./server: no such file or directory"}},
    }]});
    world.pods = vec![pod("shop-00002", "p2", hopeless)];
    world.settle();
    world.sum_up();
    check("failures.txt", &world.log);
}

/// Creates `shop` with a rollout of so long, and makes it ready.
fn shop_with_rollout(world: &mut World, duration: &str) {
    world.put(service("shop", "one"));
    world.edit("shop", |shop| {
        let annotations = shop.metadata.annotations.get_or_insert_default();
        annotations.insert("serving.knative.dev/rollout-duration".to_owned(), duration.to_owned());
    });
    world.settle();
    world.pods_become_ready("shop-00001");
    world.settle();
    world.ingress_takes_over();
    world.settle();
}

fn new_revision(world: &mut World, env: &str, name: &str) {
    world.edit("shop", |shop| *shop = service_with_env(shop, env));
    world.settle();
    world.pods_become_ready(name);
    world.settle();
    world.ingress_takes_over();
    world.settle();
}

#[test]
fn a_gradual_rollout() {
    let mut world = World::new();
    world.title("create: there is nothing to roll out from");
    shop_with_rollout(&mut world, "5s");
    assert_eq!(world.wait_for_route("shop"), None);

    world.title("update: one percent at once, the rest in steps");
    new_revision(&mut world, "two", "shop-00002");
    world.sum_up();
    while world.wait_for_route("shop").is_some() {
        world.ingress_takes_over();
        world.settle();
    }
    world.sum_up();
    check("rollout.txt", &world.log);
}

#[test]
fn a_rollout_is_interrupted() {
    let mut world = World::new();
    world.title("two of four steps");
    shop_with_rollout(&mut world, "5s");
    world.edit("shop", |shop| shop.spec.traffic = ["shop-00001=50", "latest=50 as new"].map(target).to_vec());
    world.settle();
    world.ingress_takes_over();
    world.settle();
    new_revision(&mut world, "two", "shop-00002");
    for _ in 0..2 {
        world.wait_for_route("shop").unwrap();
        world.ingress_takes_over();
        world.settle();
    }
    world.sum_up();

    world.title("a newer revision: the split so far is where it starts from");
    new_revision(&mut world, "three", "shop-00003");
    world.wait_for_route("shop").unwrap();
    world.ingress_takes_over();
    world.settle();
    world.sum_up();

    world.title("the annotation goes: everything at once");
    world.edit("shop", |shop| {
        shop.metadata.annotations.as_mut().unwrap().remove("serving.knative.dev/rollout-duration");
    });
    world.settle();
    world.ingress_takes_over();
    world.settle();
    world.sum_up();
    check("rollout_interrupted.txt", &world.log);
}

fn service_with_env(old: &ebb_api::serving::Service, env: &str) -> ebb_api::serving::Service {
    let mut changed = old.clone();
    changed.spec.template.spec.pod.containers[0].env.as_mut().unwrap()[0].value = Some(env.to_owned());
    changed
}
