{{- define "alphaline.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{/* Room is left for the longest component, a worker's number and what Kubernetes appends to pods. */}}
{{- define "alphaline.fullname" -}}
{{- $name := include "alphaline.name" . -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 36 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 36 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 36 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* What selects the pods of one component; arguments: root, component. */}}
{{- define "alphaline.selector" -}}
app.kubernetes.io/name: {{ include "alphaline.name" .root }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{/* Labels of every object; arguments: root, component. */}}
{{- define "alphaline.labels" -}}
{{ include "alphaline.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/part-of: alphaline
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end -}}

{{/* Image of a service of the line; arguments: root, image, with a tag of its own or that of the line. */}}
{{- define "alphaline.image" -}}
{{- $registry := .root.Values.image.registry -}}
{{- with $registry }}{{ trimSuffix "/" . }}/{{ end }}{{ .image.repository }}:{{ .image.tag | default .root.Values.image.tag | default .root.Chart.AppVersion }}
{{- end -}}

{{/* Addresses that services ask each other at; the ports are those of one machine. */}}
{{- define "alphaline.kafka" -}}
{{- if eq .Values.kafka.mode "existing" -}}
{{- .Values.kafka.existing.bootstrapServers -}}
{{- else if eq .Values.kafka.mode "strimzi" -}}
{{- include "alphaline.fullname" . }}-kafka-bootstrap:{{ include "alphaline.strimziPort" . }}
{{- else -}}
{{- include "alphaline.fullname" . }}-kafka:9092
{{- end -}}
{{- end -}}

{{- define "alphaline.strimziPort" -}}
{{- ternary 9093 9092 (eq .Values.kafka.strimzi.security "tls") -}}
{{- end -}}

{{- define "alphaline.riskAddress" -}}
{{ include "alphaline.fullname" . }}-risk-management:9110
{{- end -}}

{{- define "alphaline.modelServerAddress" -}}
{{- $own := ternary "seldon-mesh:80" (printf "%s-model-serving:9121" (include "alphaline.fullname" .)) (eq .Values.modelServing.mode "seldonModel") -}}
{{ .Values.modelServing.router.address | default $own }}
{{- end -}}

{{/* What a router finds the servers by: Seldon Core v1 the name and namespace of its object, Core 2 the Model. */}}
{{- define "alphaline.modelServerMetadata" -}}
{{- if .Values.modelServing.router.metadata -}}
{{- .Values.modelServing.router.metadata -}}
{{- else if eq .Values.modelServing.mode "seldonModel" -}}
seldon-model={resource}
{{- else if and .Values.modelServing.router.address (eq .Values.modelServing.mode "seldonDeployment") -}}
seldon={{ include "alphaline.fullname" . }}-model,namespace={{ .Release.Namespace }}
{{- end -}}
{{- end -}}

{{- define "alphaline.modelStoreClaim" -}}
{{ .Values.modelStore.existingClaim | default (printf "%s-model-store" (include "alphaline.fullname" .)) }}
{{- end -}}

{{/* Priority classes belong to the cluster: their names carry the namespace. Arguments: root, rank. */}}
{{- define "alphaline.priorityClass" -}}
{{- printf "%s-%s-%s" .root.Release.Namespace (include "alphaline.fullname" .root) .rank -}}
{{- end -}}
