//! The stories: one command per line, run by both programs.
//!
//! `{hello}` is the sample server, `{ns}` the side's namespace, `<<<` gives stdin.

/// Files in the working directory.
pub const FILES: &[(&str, &str)] = &[
    (
        "shop.yaml",
        "apiVersion: serving.knative.dev/v1\nkind: Service\nmetadata:\n  name: filed\n  labels:\n    team: a\nspec:\n  template:\n    spec:\n      containers:\n      - image: dev.local/host\n        command: [/bin/false]\n        env:\n        - name: A\n          value: one\n",
    ),
    ("env.txt", "# comment\nFILE_A=1\nFILE_B=two words\n"),
    ("template.txt", "{.metadata.name} is {.status.conditions[?(@.type==\"Ready\")].status}\n"),
    ("go.txt", "{{.metadata.name}}:{{range .status.conditions}} {{.type}}={{.status}}{{end}}\n"),
    ("cert.pem", "certificate\n"),
    ("key.pem", "key\n"),
    ("extra.yaml", "containers:\n- name: side\n  image: example.com/side\n"),
    ("profile.yaml", "profiles:\n  mine:\n    annotations:\n    - name: a/b\n      value: c\n    labels:\n    - name: l\n      value: m\n"),
];

pub const SERVICES: &str = "
service list
service create shop --image dev.local/host --cmd {hello} --env TARGET=World
service create shop --image dev.local/host --cmd {hello}
service create shop --image dev.local/host --cmd {hello} --env TARGET=World --force
service create bare --image dev.local/host --cmd {hello} --no-wait
service wait bare
service list
service list shop
service list nobody
service list --no-headers
service list -n {ns}
service ls
ksvc list shop
service describe shop
service describe shop -v
service describe shop -o url
service describe nobody
service update shop --env TARGET=Moon
service update shop --cluster-local
service update shop --no-cluster-local
service update shop --label a=b --annotation c=d
service update shop
service update nobody --env A=B
service update shop --no-wait --env TARGET=Sun
service wait shop
service wait shop --wait-timeout 3
service wait nobody --wait-timeout 1
service apply shop --image dev.local/host --cmd {hello} --env A=1
service apply fresh --image dev.local/host --cmd {hello} --env A=1
service apply fresh --image dev.local/host --cmd {hello} --env A=1
service apply fresh --image dev.local/host --cmd {hello} --env B=2
service apply -f shop.yaml --cmd {hello}
service create -f shop.yaml --cmd {hello} --env B=2 --force
service describe filed
service create failing --image dev.local/host --cmd /nowhere/at-all --wait-window 1
service describe failing
service list failing
service delete failing
service delete nobody
service delete nobody bare noone
service delete shop --wait
service delete --all
service list
";

pub const FLAGS: &str = "
service create a --image dev.local/host --cmd {hello} --no-wait --arg one --arg two --env A=1 --env B=2 --env-file env.txt
service update a --no-wait --env A- --env C=3 --arg three
service create b --image dev.local/host --cmd {hello} --no-wait --limit cpu=500m,memory=256Mi --request cpu=100m --request memory=64Mi
service update b --no-wait --limit cpu- --request memory=32Mi
service create c --image dev.local/host --cmd {hello} --no-wait --scale 1..3 --scale-init 1 --scale-target 7 --scale-metric rps --scale-utilization 80 --scale-window 30s
service create c2 --image dev.local/host --cmd {hello} --no-wait --scale-min 1 --scale-max 2 --scale-activation 2
service update c --no-wait --scale 2
service update c --no-wait --scale ..5
service update c --no-wait --scale 1..
service create d --image dev.local/host --cmd {hello} --no-wait --concurrency-limit 3 --timeout 20 --port 8081
service update d --no-wait --port h2c:8082
service update d --no-wait --concurrency-limit 0
service create e --image dev.local/host --cmd {hello} --no-wait --label a=b --label-service s=t --label-revision r=s --annotation a/b=c --annotation-service s/t=u --annotation-revision r/s=t
service update e --no-wait --label a- --annotation-service s/t- --annotation-revision r/s=z
service create f --image dev.local/host --cmd {hello} --no-wait --probe-readiness http::8080:/ready --probe-readiness-opts PeriodSeconds=5,FailureThreshold=2 --probe-liveness tcp::8080
service create g --image dev.local/host --cmd {hello} --no-wait --pull-policy Always --pull-secret pull --service-account robot
service update g --no-wait --pull-secret '' --service-account ''
service create h --image dev.local/host --cmd {hello} --no-wait --user 1000 --security-context strict
service create i --image dev.local/host --cmd {hello} --no-wait --env-from cm:map --env-from secret:sec --env-value-from X=cm:map:key --env-value-from Y=secret:sec:key
service update i --no-wait --env-from cm:map- --env-value-from X-
service create j --image dev.local/host --cmd {hello} --no-wait --revision-name first
service update j --no-wait --revision-name '{{.Service}}-{{.Generation}}' --env A=1
service create k --image dev.local/host --cmd {hello} --no-wait --mount /cfg=cm:map --mount /sec=secret:sec --volume vol=ed:scratch --mount /tmp/x=vol
service update k --no-wait --mount /cfg-
service create l --image dev.local/host --cmd {hello} --no-wait --profile mine --config profile.yaml
service update l --no-wait --profile mine- --config profile.yaml
service create m --image dev.local/host --cmd {hello} --no-wait --cluster-local --no-lock-to-digest
service create n --image dev.local/host --cmd {hello} --no-wait --tag @latest=blue
service create q --image dev.local/host --cmd {hello} --no-wait --containers extra.yaml
service create r --image dev.local/host --cmd {hello} --no-wait --node-selector disk=ssd --toleration Key=a,Operator=Equal,Value=b,Effect=NoSchedule
service delete --all
";

pub const TRAFFIC: &str = "
service create shop --image dev.local/host --cmd {hello} --revision-name one
service update shop --env A=1 --revision-name two
service update shop --env A=2 --revision-name three
revision list
revision list -s shop
revision list shop-one
revision list nobody
revision list -s nobody
revision describe shop-one
revision describe shop-three
revision describe shop-three -v
revision describe nobody
service update shop --traffic shop-one=20,shop-two=80
service update shop --traffic shop-one=20 --traffic @latest=80
service describe shop
service update shop --tag shop-one=blue,@latest=green
service update shop --traffic blue=10,green=90
service describe shop
service describe shop -v
revision list
route list
route list shop
route describe shop
route describe shop -v
route describe nobody
route list nobody
service update shop --untag blue
service update shop --untag nothing
service update shop --tag shop-two=green
service update shop --traffic shop-one=60,shop-two=60
service update shop --traffic shop-one=10
service update shop --traffic nobody=100 --no-wait
service update shop --traffic @latest=50,@latest=50
service update shop --traffic shop-one=a
service update shop --traffic shop-one=-1
service update shop --tag shop-one
service update shop --traffic shop-three=30 --env B=1 --revision-name four
service update shop --traffic @latest=100
revision delete shop-one
revision delete nobody
revision delete --prune shop
revision delete --prune-all
revision delete
revision delete x --prune-all
revision list
service delete shop --wait
";

pub const OUTPUT: &str = "
service create shop --image dev.local/host --cmd {hello} --env A=1 --revision-name one
service update shop --env A=2 --revision-name two
service update shop --traffic shop-one=50,shop-two=50
service list -o json
service list -o yaml
service list -o name
service list -o jsonpath='{.items[*].metadata.name}'
service list -o jsonpath-as-json='{.items[*].metadata.name}'
service list -o jsonpath-file=template.txt
service list -o go-template='{{range .items}}{{.metadata.name}}{{end}}'
service list nobody -o json
service list nobody -o name
service list nobody -o yaml
service describe shop -o json
service describe shop -o yaml
service describe shop -o name
service describe shop -o jsonpath='{.status.url}'
service describe shop -o jsonpath='{.status.nothing}'
service describe shop -o jsonpath='{.status.nothing}' --allow-missing-template-keys=false
service describe shop -o jsonpath
service describe shop -o jsonpath='{.status'
service describe shop -o jsonpath='{range .status.conditions[*]}{.type}={.status},{end}'
service describe shop -o jsonpath='{.spec.template.spec.containers[0]}'
service describe shop -o jsonpath='{.status.traffic[*].percent}'
service describe shop -o jsonpath-file=template.txt
service describe shop -o go-template='{{.metadata.name}} {{.status.url}}'
service describe shop -o go-template='{{range $i, $c := .status.conditions}}{{if $i}}, {{end}}{{$c.type}}={{$c.status}}{{else}}none{{end}}'
service describe shop -o go-template='{{with .metadata.labels}}{{.}}{{else}}no labels{{end}}'
service describe shop -o go-template='{{index .spec.template.spec.containers 0 | printf %v}}'
service describe shop -o go-template='{{(index .spec.template.spec.containers 0).image}} {{len .status.conditions}}'
service describe shop -o go-template='{{.metadata.nothing}}'
service describe shop -o go-template='{{.metadata.nothing.more}}'
service describe shop -o go-template='{{.metadata.nothing}}' --allow-missing-template-keys=false
service describe shop -o go-template='{{.metadata.name'
service describe shop -o go-template='{{nofunc .metadata.name}}'
service describe shop -o go-template='{{.spec}}'
service describe shop -o go-template-file=go.txt
service describe shop -o templatefile=go.txt
service describe shop -o template=go.txt
service describe shop -o go-template --template '{{.kind}}'
service describe shop -o jsonpath --template '{.kind}'
service describe shop -o wrong
service list -o wrong
service describe shop -o custom-columns=NAME:.metadata.name
revision list -o name
revision describe shop-one -o yaml
revision describe shop-one -o name
route list -o name
route list -o json
route describe shop -o yaml
route describe shop -o url
service export shop
service export shop -o yaml
service export shop -o json
service export shop --with-revisions -o yaml
service export shop --with-revisions -o json
service export shop --with-revisions --mode replay -o yaml
service export shop --mode replay -o yaml
service export shop --mode wrong -o yaml
service export nobody -o yaml
service delete shop
";

pub const OFFLINE: &str = "
service create shop --image example.com/shop --target gitops
service create shop --image example.com/shop --target gitops
service create shop --image example.com/shop --env A=1 --target gitops --force
service create cart --image example.com/cart --target gitops -n other
service list --target gitops
service list -A --target gitops
service describe shop --target gitops
service describe shop --target gitops -o yaml
service describe nobody --target gitops
service describe shop --target gitops -o json
service create one --image example.com/one --target one.yaml
service create two --image example.com/two --target two.json
service describe one --target one.yaml -o yaml
service list --target one.yaml
service delete shop --target gitops
service delete shop --target gitops
service list --target gitops
service create shop --image example.com/shop --target nowhere
service list --target nowhere
";

pub const DOMAINS: &str = "
domain list
service create shop --image dev.local/host --cmd {hello}
domain create {ns}.example.com --ref shop
domain create {ns}.example.com --ref shop
domain create two.{ns}.example.com --ref ksvc:shop
domain create three.{ns}.example.com --ref kroute:shop --tls sec
domain create four.{ns}.example.com --ref ksvc:shop:{ns}
domain create five.{ns}.example.com --ref nobody
domain create five.{ns}.example.com --ref kroute:nobody
domain create five.{ns}.example.com --ref wrong:shop
domain create five.{ns}.example.com
domain create
domain list --no-headers -o name
domain list -o name
domains ls -o name
domain describe {ns}.example.com -o name
domain describe nobody.example.com
domain update {ns}.example.com --ref kroute:shop
domain update nobody.example.com --ref shop
domain delete {ns}.example.com
domain delete nobody.example.com
domain delete
domain delete two.{ns}.example.com
domain delete three.{ns}.example.com
domain delete four.{ns}.example.com
service delete shop
";

pub const SECRETS: &str = "
secret list
secret create lit --from-literal a=b,c=d
secret create lit --from-literal a=b
secret create short -l a=b -l c=d
secret create typed --from-literal a=b --type example.com/mine
secret create bad --from-literal ab
secret create half --tls-cert cert.pem
secret create both --tls-cert cert.pem --tls-key key.pem --from-literal a=b
secret create
secret create gone --tls-cert nowhere.pem --tls-key key.pem
secret list
secrets ls
secret list --no-headers
secret list -o name
secret list -o yaml
secret delete short
secret delete nobody
secret delete
secret list
";

pub const CONTAINERS: &str = "
container add side --image example.com/side
container add side --image example.com/side --env A=1 --arg x --port 9000 --limit cpu=1
container add two --image example.com/two --containers extra.yaml
container add two --image example.com/two <<<containers: [{name: piped, image: example.com/piped}]
container add two --containers extra.yaml
container add
service create multi --image dev.local/host --cmd {hello} --containers extra.yaml --no-wait
";

pub const MISTAKES: &str = "
service
service frobnicate
revision
route
domain
secret
container
plugin
service create
service create a b --image x
service create a
frobnicate
service create a --bogus
service create a -x
service create a --env
service create a --image b --image c
service create a --image b --wait=false
service create a --image b --wait --no-wait
service create a --image b --scale-min abc
service create a --image b --scale 5..1
service create a --image b --scale x
service create a --image b --env =x
service create a --image b --limit cpu
service create a --image b --limit cpu=x
service create a --image b --port x
service create a --image b --port http1:99999
service create a --image b --scale-window x
service create a --image b --pull-policy x
service create a --image b --security-context x
service create a --image b --probe-liveness x
service create a --image b --probe-liveness-opts x
service create a --image b --mount x
service create a --image b --mount /x=bad:y
service create a --image b --volume x=bad:y
service create a --image b --env-from bad
service create a --image b --env-value-from X=bad
service create a --image b --env-file nowhere
service create a --image b --user x
service create a --image b --concurrency-limit -1 --no-wait
service create a --image b --timeout -1 --no-wait
service create Bad_Name --image b --no-wait
service create a --image b --revision-name '{{.Nope}}'
service create a --image b --profile nowhere
service create a --image b --scale-metric x --no-wait
service create -f nowhere.yaml
service create -f env.txt
service create b -f shop.yaml
service apply
service apply a
service update
service update a b --env A=1
service delete
service delete a --all
service describe
service describe a b
service list a b
service export
service import
service import nowhere.yaml
service import shop.yaml
service wait
revision list a b
revision describe
route list a b
route describe
domain describe
version extra
version -o wrong
completion
completion tcsh
service list --kubeconfig nowhere
service list --context nowhere
service list --log-http=false
";

pub const PLUGINS: &str = "
version
plugin list
plugins ls
plugin list --verbose
greet a --b
greet
source made-up c
fails
service own
";

pub const ALL: [&str; 10] = [SERVICES, FLAGS, TRAFFIC, OUTPUT, OFFLINE, DOMAINS, SECRETS, CONTAINERS, MISTAKES, PLUGINS];
