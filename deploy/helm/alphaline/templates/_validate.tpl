{{/*
Rules between values, which the schema cannot state. Each ends the render before anything is applied:
the key, what was expected and seen, what to do.
*/}}
{{- define "alphaline.validate" -}}
{{- include "alphaline.validateScaling" . -}}
{{- include "alphaline.validateKafka" . -}}
{{- include "alphaline.validateSecret" . -}}
{{- include "alphaline.validateStores" . -}}
{{- include "alphaline.validateTls" . -}}
{{- include "alphaline.validateStrategies" . -}}
{{- include "alphaline.validateDelivery" . -}}
{{- include "alphaline.validateKubeflow" . -}}
{{- include "alphaline.validateServing" . -}}
{{- include "alphaline.validateMemory" . -}}
{{- end -}}

{{- define "alphaline.validateScaling" -}}
{{- $partitions := int .Values.kafka.partitions -}}
{{- range $key := list "featureStreaming" "signalGeneration" -}}
{{- $workers := int (index $.Values $key).workers -}}
{{- if gt $workers $partitions -}}
{{- fail (printf "%s.workers: expected at most kafka.partitions (%d), saw %d; a worker without a partition does nothing. Partitions never change once topics exist, so take fewer workers." $key $partitions $workers) -}}
{{- end -}}
{{- end -}}
{{- range $key := list "marketData" "lakeSink" "featureSink" "riskManagement" "paperTrading" -}}
{{- $replicas := int (index $.Values $key).replicas -}}
{{- if ne $replicas 1 -}}
{{- fail (printf "%s.replicas: expected 1, saw %d; it is the single writer of its store, a second one would be refused by its lock or its fencing epoch." $key $replicas) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "alphaline.validateKafka" -}}
{{- $kafka := .Values.kafka -}}
{{- if and (eq $kafka.mode "existing") (not $kafka.existing.bootstrapServers) -}}
{{- fail "kafka.existing.bootstrapServers: expected host:port of your brokers, since kafka.mode is existing, saw nothing." -}}
{{- end -}}
{{- if and (ne $kafka.mode "existing") $kafka.existing.bootstrapServers -}}
{{- fail (printf "kafka.existing.bootstrapServers: expected nothing, since kafka.mode is %s, saw %s; set kafka.mode to existing, or leave the servers out." $kafka.mode $kafka.existing.bootstrapServers) -}}
{{- end -}}
{{- $security := $kafka.existing.security -}}
{{- if and (ne $security.by "plaintext") (ne $kafka.mode "existing") -}}
{{- fail (printf "kafka.existing.security.by: expected plaintext, since kafka.mode is %s, saw %s; kafka.strimzi.security is for a cluster of Strimzi, and the embedded broker has none." $kafka.mode $security.by) -}}
{{- end -}}
{{- $needed := get (dict "plaintext" list "tls" (list "caSecret" "clientSecret") "scram" (list "caSecret" "userSecret")) $security.by -}}
{{- range $key := list "caSecret" "clientSecret" "userSecret" -}}
{{- if and (has $key $needed) (not (index $security $key)) -}}
{{- fail (printf "kafka.existing.security.%s: expected the name of a Secret, since kafka.existing.security.by is %s, saw none." $key $security.by) -}}
{{- end -}}
{{- if and (not (has $key $needed)) (index $security $key) -}}
{{- fail (printf "kafka.existing.security.%s: expected nothing, since kafka.existing.security.by is %s and does not use it, saw %s." $key $security.by (index $security $key)) -}}
{{- end -}}
{{- end -}}
{{- $replicas := int $kafka.strimzi.replicas -}}
{{- if and (eq $kafka.mode "strimzi") (gt (int $kafka.strimzi.minInSyncReplicas) $replicas) -}}
{{- fail (printf "kafka.strimzi.minInSyncReplicas: expected at most kafka.strimzi.replicas (%d), saw %d; no record would ever be acknowledged." $replicas (int $kafka.strimzi.minInSyncReplicas)) -}}
{{- end -}}
{{- end -}}

{{- define "alphaline.validateSecret" -}}
{{- $name := .Values.signing.existingSecret -}}
{{- $item := .Values.signing.publicKeyItem -}}
{{- $how := printf "kubectl create secret generic alphaline-signing --namespace %s --from-file=%s=PATH/TO/signing.pub" .Release.Namespace $item -}}
{{- if not $name -}}
{{- fail (printf "signing.existingSecret: expected the name of the Secret that holds the models' public key, saw none; without it risk approves nothing and no model is served. Make one with `%s`, then pass --set signing.existingSecret=alphaline-signing." $how) -}}
{{- end -}}
{{- /* Only where a cluster answers: every namespace that exists has this account. */ -}}
{{- if lookup "v1" "ServiceAccount" .Release.Namespace "default" -}}
{{- $secret := lookup "v1" "Secret" .Release.Namespace $name -}}
{{- if not $secret -}}
{{- fail (printf "signing.existingSecret: expected a Secret %s in namespace %s, saw none there. Make it with `%s`." $name .Release.Namespace (replace "alphaline-signing" $name $how)) -}}
{{- end -}}
{{- if not (hasKey ($secret.data | default dict) $item) -}}
{{- fail (printf "signing.publicKeyItem: expected the item %s in Secret %s, saw %s." $item $name (keys ($secret.data | default dict) | sortAlpha | join ", " | default "no items")) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/*
Items that a Secret has to have, looked up only where a cluster answers: every namespace that exists
has a default account. Arguments: root, key, name, items.
*/}}
{{- define "alphaline.demandItems" -}}
{{- $namespace := .root.Release.Namespace -}}
{{- if lookup "v1" "ServiceAccount" $namespace "default" -}}
{{- $secret := lookup "v1" "Secret" $namespace .name -}}
{{- if not $secret -}}
{{- fail (printf "%s: expected a Secret %s in namespace %s, saw none there. Make it, with %s." .key .name $namespace (join ", " .items)) -}}
{{- end -}}
{{- range .items -}}
{{- if not (hasKey ($secret.data | default dict) .) -}}
{{- fail (printf "%s: expected the item %s in Secret %s, saw %s." $.key . $.name (keys ($secret.data | default dict) | sortAlpha | join ", " | default "no items")) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Stores on servers of yours have a Secret, and embedded ones have none. */}}
{{- define "alphaline.validateStores" -}}
{{- $risk := .Values.riskManagement.database -}}
{{- $ledger := .Values.paperTrading.database -}}
{{- $online := .Values.featureSink.onlineStore -}}
{{- include "alphaline.validateStore" (dict "root" . "key" "riskManagement.database" "store" $risk "items" (list $risk.uriItem)) -}}
{{- include "alphaline.validateStore" (dict "root" . "key" "paperTrading.database" "store" $ledger "items" (compact (list $ledger.uriItem $ledger.readerUriItem))) -}}
{{- include "alphaline.validateStore" (dict "root" . "key" "featureSink.onlineStore" "store" $online "items" (list $online.connectionItem)) -}}
{{- $artifacts := .Values.mlflow.artifacts -}}
{{- if and $artifacts.existingSecret (not $artifacts.endpointUrl) -}}
{{- fail "mlflow.artifacts.endpointUrl: expected the address of the store that mlflow.artifacts.existingSecret is for, saw nothing." -}}
{{- end -}}
{{- if and $artifacts.endpointUrl (not $artifacts.existingSecret) -}}
{{- fail (printf "mlflow.artifacts.existingSecret: expected the Secret with the access key of %s, saw none." $artifacts.endpointUrl) -}}
{{- end -}}
{{- $server := .Values.mlflow.server -}}
{{- include "alphaline.validateStore" (dict "root" . "key" "mlflow.server.database" "store" $server.database "items" (list $server.database.uriItem)) -}}
{{- if and $server.enabled .Values.mlflow.trackingUri -}}
{{- fail (printf "mlflow.trackingUri: expected nothing, since mlflow.server.enabled is true, saw %s; use one of the two." .Values.mlflow.trackingUri) -}}
{{- end -}}
{{- if and $artifacts.existingSecret (not .Values.mlflow.trackingUri) (not $server.enabled) -}}
{{- fail "mlflow.trackingUri: expected the MLflow server that keeps artifacts in mlflow.artifacts.endpointUrl, saw none; without a server artifacts are files on the training's volume." -}}
{{- end -}}
{{- if and $server.enabled $artifacts.existingSecret (not $artifacts.destination) -}}
{{- fail "mlflow.artifacts.destination: expected the bucket that mlflow.server keeps artifacts in, such as s3://bucket/mlflow, since mlflow.artifacts.existingSecret is set, saw nothing." -}}
{{- end -}}
{{- if and $artifacts.destination (not (and $server.enabled $artifacts.existingSecret)) -}}
{{- fail (printf "mlflow.artifacts.destination: expected nothing without mlflow.server.enabled and mlflow.artifacts.existingSecret, saw %s; a server of yours knows its own." $artifacts.destination) -}}
{{- end -}}
{{- if $artifacts.existingSecret -}}
{{- include "alphaline.demandItems" (dict "root" . "key" "mlflow.artifacts.existingSecret" "name" $artifacts.existingSecret "items" (list $artifacts.accessKeyItem $artifacts.secretKeyItem)) -}}
{{- end -}}
{{- end -}}

{{- define "alphaline.validateStore" -}}
{{- $secret := .store.existingSecret -}}
{{- if and (eq .store.mode "existing") (not $secret) -}}
{{- fail (printf "%s.existingSecret: expected the name of the Secret with its connection (item %s), since %s.mode is existing, saw none." .key (first .items) .key) -}}
{{- end -}}
{{- if and (eq .store.mode "embedded") $secret -}}
{{- fail (printf "%s.existingSecret: expected nothing, since %s.mode is embedded and a file needs none, saw %s; set the mode to existing, or leave the Secret out." .key .key $secret) -}}
{{- end -}}
{{- if eq .store.mode "existing" -}}
{{- include "alphaline.demandItems" (dict "root" .root "key" (printf "%s.existingSecret" .key) "name" $secret "items" .items) -}}
{{- end -}}
{{- end -}}

{{- define "alphaline.validateTls" -}}
{{- $tls := .Values.tls -}}
{{- range $key, $secret := $tls.existing -}}
{{- if and $secret (ne $tls.by "existing") -}}
{{- fail (printf "tls.existing.%s: expected nothing, since tls.by is %s, saw %s." $key $tls.by $secret) -}}
{{- end -}}
{{- if and (eq $tls.by "existing") (not $secret) (or (ne $key "gateway") $.Values.gateway.enabled) -}}
{{- fail (printf "tls.existing.%s: expected the name of a Secret with tls.crt, tls.key and ca.crt, since tls.by is existing, saw none; who has no certificate is not answered." $key) -}}
{{- end -}}
{{- if $secret -}}
{{- include "alphaline.demandItems" (dict "root" $ "key" (printf "tls.existing.%s" $key) "name" $secret "items" (list "tls.crt" "tls.key" "ca.crt")) -}}
{{- end -}}
{{- end -}}
{{- if and (eq $tls.by "certManager") (not $tls.certManager.issuerName) -}}
{{- fail "tls.certManager.issuerName: expected the issuer that signs for this line, since tls.by is certManager, saw none." -}}
{{- end -}}
{{- if ge (int (trimSuffix "h" $tls.certManager.renewBefore)) (int (trimSuffix "h" $tls.certManager.duration)) -}}
{{- fail (printf "tls.certManager.renewBefore: expected less than tls.certManager.duration (%s), saw %s; it would be renewed all the time." $tls.certManager.duration $tls.certManager.renewBefore) -}}
{{- end -}}
{{- end -}}

{{- define "alphaline.validateStrategies" -}}
{{- if not .Values.strategies.existingConfigMap -}}
{{- $profile := .Values.riskManagement.limits.risk_profile -}}
{{- range $name := .Values.strategies.names -}}
{{- $text := $.Files.Get (printf "files/strategies/%s.yaml" $name) -}}
{{- if not $text -}}
{{- $known := list -}}
{{- range $path, $_ := $.Files.Glob "files/strategies/*.yaml" -}}{{- $known = append $known (base $path | trimSuffix ".yaml") -}}{{- end -}}
{{- fail (printf "strategies.names: expected some of %s, saw %s; other strategies come in a ConfigMap of yours, named by strategies.existingConfigMap." (join ", " $known) $name) -}}
{{- end -}}
{{- $asked := (fromYaml $text).risk_profile -}}
{{- if ne $asked $profile -}}
{{- fail (printf "riskManagement.limits.risk_profile: expected %s, which strategy %s is judged by, saw %s." $asked $name $profile) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "alphaline.validateDelivery" -}}
{{- if .Values.delivery.run -}}
{{- range $key, $what := dict "version" "the version number that training registered" "inForceFrom" "the line time from which the model decides, such as 2011-02-01T00:00:00" "privateKeySecret" "the name of the Secret that holds the private key" -}}
{{- if not (index $.Values.delivery $key) -}}
{{- fail (printf "delivery.%s: expected %s, since delivery.run is true, saw nothing." $key $what) -}}
{{- end -}}
{{- end -}}
{{- if eq .Values.delivery.privateKeySecret .Values.signing.existingSecret -}}
{{- fail "delivery.privateKeySecret: expected another Secret than signing.existingSecret: whoever serves a model must not be able to sign one." -}}
{{- end -}}
{{- end -}}
{{- if and (or .Values.training.run .Values.delivery.run) (not .Values.strategies.existingConfigMap) (not (has .Values.training.strategy .Values.strategies.names)) -}}
{{- fail (printf "training.strategy: expected one of strategies.names (%s), saw %s." (join ", " .Values.strategies.names) .Values.training.strategy) -}}
{{- end -}}
{{- if and .Values.training.run (le .Values.training.arguments.heldOutFrom .Values.training.arguments.last) -}}
{{- fail (printf "training.arguments.heldOutFrom: expected a session after training.arguments.last (%s), saw %s." .Values.training.arguments.last .Values.training.arguments.heldOutFrom) -}}
{{- end -}}
{{- end -}}

{{- define "alphaline.validateKubeflow" -}}
{{- $kubeflow := .Values.training.kubeflow -}}
{{- $token := $kubeflow.token -}}
{{- if not $kubeflow.endpoint -}}
{{- range $key, $seen := dict "claim" $kubeflow.claim "namespace" $kubeflow.namespace "serviceAccount" $kubeflow.serviceAccount "caSecret" $kubeflow.caSecret "token.by" (ternary "" $token.by (eq $token.by "none")) -}}
{{- if $seen -}}
{{- fail (printf "training.kubeflow.%s: expected nothing, since training.kubeflow.endpoint is empty and the Job trains, saw %s." $key $seen) -}}
{{- end -}}
{{- end -}}
{{- else -}}
{{- if not $kubeflow.claim -}}
{{- fail (printf "training.kubeflow.claim: expected the claim that the steps share, in the namespace of their runs, since training.kubeflow.endpoint is %s, saw none." $kubeflow.endpoint) -}}
{{- end -}}
{{- if not (or .Values.mlflow.server.enabled .Values.mlflow.trackingUri) -}}
{{- fail "mlflow.trackingUri: expected an MLflow server (or mlflow.server.enabled), since training.kubeflow.endpoint is set, saw none; a registry in a file on the steps' claim is not seen by the delivery." -}}
{{- end -}}
{{- if and $kubeflow.caSecret (not (hasPrefix "https://" $kubeflow.endpoint)) -}}
{{- fail (printf "training.kubeflow.caSecret: expected nothing, since training.kubeflow.endpoint is %s and shows no certificate, saw %s." $kubeflow.endpoint $kubeflow.caSecret) -}}
{{- end -}}
{{- if $kubeflow.caSecret -}}
{{- include "alphaline.demandItems" (dict "root" . "key" "training.kubeflow.caSecret" "name" $kubeflow.caSecret "items" (list $kubeflow.caItem)) -}}
{{- end -}}
{{- end -}}
{{- if and (eq $token.by "secret") (not $token.existingSecret) -}}
{{- fail (printf "training.kubeflow.token.existingSecret: expected the name of the Secret with the token (item %s), since training.kubeflow.token.by is secret, saw none." $token.item) -}}
{{- end -}}
{{- if and (ne $token.by "secret") $token.existingSecret -}}
{{- fail (printf "training.kubeflow.token.existingSecret: expected nothing, since training.kubeflow.token.by is %s, saw %s." $token.by $token.existingSecret) -}}
{{- end -}}
{{- if $token.existingSecret -}}
{{- include "alphaline.demandItems" (dict "root" . "key" "training.kubeflow.token.existingSecret" "name" $token.existingSecret "items" (list $token.item)) -}}
{{- end -}}
{{- end -}}

{{- define "alphaline.validateServing" -}}
{{- $serving := .Values.modelServing -}}
{{- if and (eq $serving.protocol "seldon") (has $serving.mode (list "inProcess" "inferenceService" "seldonModel")) -}}
{{- fail (printf "modelServing.protocol: expected v2, since modelServing.mode is %s and speaks nothing of Seldon's, saw seldon." $serving.mode) -}}
{{- end -}}
{{- $router := $serving.router.address -}}
{{- $peers := $serving.router.networkPolicyPeers -}}
{{- if and $router (eq $serving.mode "inProcess") -}}
{{- fail (printf "modelServing.router.address: expected nothing, since modelServing.mode is inProcess and no server is asked, saw %s." $router) -}}
{{- end -}}
{{- if eq $serving.mode "seldonModel" -}}
{{- include "alphaline.validateCore2" . -}}
{{- end -}}
{{- if and $router .Values.networkPolicy.enabled (not $peers) -}}
{{- fail "modelServing.router.networkPolicyPeers: expected where the router is, since the policies deny everything else, saw nothing; name its namespace and pods." -}}
{{- end -}}
{{- range $key, $track := dict "canary" $serving.canary "shadow" $serving.shadow -}}
{{- if and $track.tag (ne $serving.mode "seldonDeployment") -}}
{{- fail (printf "modelServing.%s.tag: expected nothing, since modelServing.mode is %s, saw %s; only seldonDeployment splits calls." $key $serving.mode $track.tag) -}}
{{- end -}}
{{- if and $track.tag (not $router) -}}
{{- fail (printf "modelServing.%s.tag: expected modelServing.router.address beside it, saw none; a signal service that asks the Service itself keeps to one server, whatever its share." $key) -}}
{{- end -}}
{{- end -}}
{{- $traffic := int $serving.canary.traffic -}}
{{- if and $traffic (not $serving.canary.tag) -}}
{{- fail (printf "modelServing.canary.tag: expected a tag of the server's image, since modelServing.canary.traffic is %d, saw none." $traffic) -}}
{{- end -}}
{{- if and $serving.canary.tag (or (eq $traffic 0) (eq $traffic 100)) -}}
{{- fail (printf "modelServing.canary.traffic: expected 1 to 99, since there is a canary, saw %d; a canary without calls shows nothing, and one with all of them is the release: set image.tag." $traffic) -}}
{{- end -}}
{{- include "alphaline.validateAutoscaling" . -}}
{{- end -}}

{{- define "alphaline.validateCore2" -}}
{{- $serving := .Values.modelServing -}}
{{- range $key, $track := dict "canary" $serving.canary "shadow" $serving.shadow -}}
{{- if $track.tag -}}
{{- fail (printf "modelServing.%s.tag: expected nothing, since modelServing.mode is seldonModel, saw %s; an Experiment of Core 2 splits calls among models, and the signal service believes the announced one alone. Try a model in a lane of its own: candidate, canary." $key $track.tag) -}}
{{- end -}}
{{- end -}}
{{- if ne $serving.autoscaling.by "none" -}}
{{- fail (printf "modelServing.autoscaling.by: expected none, since modelServing.mode is seldonModel and Core 2 places models on servers itself, saw %s; set modelServing.replicas." $serving.autoscaling.by) -}}
{{- end -}}
{{- if and $serving.router.metadata (not (contains "seldon-model={resource}" $serving.router.metadata)) -}}
{{- fail (printf "modelServing.router.metadata: expected seldon-model={resource} in it, since modelServing.mode is seldonModel and Core 2 routes by it, saw %s." $serving.router.metadata) -}}
{{- end -}}
{{- if and .Values.networkPolicy.enabled (not $serving.router.networkPolicyPeers) -}}
{{- fail "modelServing.router.networkPolicyPeers: expected where Envoy of Core 2 is (the pods behind its Service seldon-mesh), since modelServing.mode is seldonModel and the policies deny everything else, saw nothing." -}}
{{- end -}}
{{- if and .Values.networkPolicy.enabled .Values.delivery.run (not $serving.core2.apiServerPeers) -}}
{{- fail "modelServing.core2.apiServerPeers: expected where the API server is, since delivery.run applies a Model there and the policies deny everything else, saw nothing; `kubectl get endpoints kubernetes` names it." -}}
{{- end -}}
{{- end -}}

{{- define "alphaline.validateAutoscaling" -}}
{{- $gateway := .Values.gateway.autoscaling -}}
{{- if and $gateway.enabled (ne .Values.paperTrading.database.mode "existing") -}}
{{- fail "gateway.autoscaling.enabled: expected false, since paperTrading.database.mode is embedded, saw true; all gateways stand on the node of the ledger's file, where more of them share what one had. Keep the ledger in a database, or set gateway.replicas." -}}
{{- end -}}
{{- if gt (int $gateway.minReplicas) (int $gateway.maxReplicas) -}}
{{- fail (printf "gateway.autoscaling.maxReplicas: expected at least minReplicas (%d), saw %d." (int $gateway.minReplicas) (int $gateway.maxReplicas)) -}}
{{- end -}}
{{- $serving := .Values.modelServing -}}
{{- $autoscaling := $serving.autoscaling -}}
{{- if ne $autoscaling.by "none" -}}
{{- if eq $serving.mode "inProcess" -}}
{{- fail (printf "modelServing.autoscaling.by: expected none, since modelServing.mode is inProcess and there is no server, saw %s." $autoscaling.by) -}}
{{- end -}}
{{- if and (eq $autoscaling.by "waiting") (ne $serving.mode "deployment") -}}
{{- fail (printf "modelServing.autoscaling.by: expected cpu or none, since modelServing.mode is %s and its operator owns the Deployment, saw waiting." $serving.mode) -}}
{{- end -}}
{{- if not $serving.router.address -}}
{{- fail (printf "modelServing.router.address: expected a router that balances single calls, since modelServing.autoscaling.by is %s, saw none; without one each signal worker keeps its connection, and servers that are added get no calls." $autoscaling.by) -}}
{{- end -}}
{{- if gt (int $autoscaling.minReplicas) (int $autoscaling.maxReplicas) -}}
{{- fail (printf "modelServing.autoscaling.maxReplicas: expected at least minReplicas (%d), saw %d." (int $autoscaling.minReplicas) (int $autoscaling.maxReplicas)) -}}
{{- end -}}
{{- if and (eq $autoscaling.by "waiting") (not $autoscaling.prometheus.serverAddress) -}}
{{- fail "modelServing.autoscaling.prometheus.serverAddress: expected the Prometheus that counts the waiting, since modelServing.autoscaling.by is waiting, saw nothing." -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* A limit below its request is refused by the API server, once half of the release is there. */}}
{{- define "alphaline.validateMemory" -}}
{{- $all := dict "kafka.embedded" .Values.kafka.embedded -}}
{{- range $key := list "marketData" "featureStreaming" "lakeSink" "featureSink" "signalGeneration" "riskManagement" "paperTrading" "gateway" "modelServing" "training" "delivery" -}}
{{- $all = set $all $key (index $.Values $key) -}}
{{- end -}}
{{- $all = set $all "mlflow.server" .Values.mlflow.server -}}
{{- $all = set $all "training.kubeflow" .Values.training.kubeflow -}}
{{- range $key, $component := $all -}}
{{- range $kind := list "memory" "ephemeral-storage" -}}
{{- $request := index $component.resources.requests $kind -}}
{{- $limit := index $component.resources.limits $kind -}}
{{- if and $request $limit -}}
{{- if gt (float64 (include "alphaline.bytes" $request)) (float64 (include "alphaline.bytes" $limit)) -}}
{{- fail (printf "%s.resources.limits.%s: expected at least the request of %s, saw %s." $key $kind $request $limit) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "alphaline.bytes" -}}
{{- $units := dict "" 1 "k" 1000 "M" 1000000 "G" 1000000000 "T" 1000000000000 "Ki" 1024 "Mi" 1048576 "Gi" 1073741824 "Ti" 1099511627776 -}}
{{- $number := regexFind "^[0-9.]+" (toString .) -}}
{{- mulf (float64 $number) (float64 (index $units (trimPrefix $number (toString .)))) -}}
{{- end -}}
