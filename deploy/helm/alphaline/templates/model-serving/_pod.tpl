{{/* Arguments of the model server's pod, as JSON without the root: the same pod in every mode. */}}
{{- define "alphaline.modelServerSettings" -}}
- {name: ALPHALINE_MODEL_SERVING_MODEL_STORE, value: /models}
- {name: ALPHALINE_MODEL_SERVING_PUBLIC_KEY, value: /etc/alphaline/keys/signing.pub}
- {name: ALPHALINE_MODEL_SERVING_HOST, value: 0.0.0.0}
- {name: ALPHALINE_MODEL_SERVING_HTTP_PORT, value: "9120"}
- {name: ALPHALINE_MODEL_SERVING_GRPC_PORT, value: "9121"}
- {name: ALPHALINE_MODEL_SERVING_METRICS_PORT, value: "9122"}
{{- end -}}

{{/* Renders a template with the pod's arguments; arguments: root, template, containerName. */}}
{{- define "alphaline.modelServer" -}}
{{- $share := include "alphaline.modelStoreShare" .root -}}
{{- $mounts := list (include "alphaline.publicKeyMount" .root) (include "alphaline.modelStoreMount" .root) -}}
{{- $volumes := list (include "alphaline.publicKeyVolume" .root) (include "alphaline.modelStoreVolume" .root) -}}
{{- /* MLServer makes its folder of metrics in the working directory. */ -}}
{{- include .template (dict "root" .root "component" "model-serving" "containerName" .containerName "values" .root.Values.modelServing "rank" "trading" "module" "services.model_serving" "settings" (include "alphaline.modelServerSettings" .root) "metricsPort" 9122 "ports" (dict "http" 9120 "grpc" 9121) "probes" (dict "port" "http" "live" "/v2/health/live" "ready" "/v2/health/ready") "mounts" (join "\n" $mounts) "volumes" (join "\n" $volumes) "share" $share "labels" (include "alphaline.shareLabels" $share | fromYaml) "workingDirectory" "/tmp") -}}
{{- end -}}
