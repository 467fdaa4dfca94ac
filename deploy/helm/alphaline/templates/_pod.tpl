{{/*
A pod of the line, the same hardening for every component. Arguments: root, component, values, rank
(trading or view), module, arguments, settings (list of env), metricsPort, ports (more of them), probes (port,
live, ready), mounts, volumes, share (a volume that is on one node), labels, workingDirectory.
*/}}
{{- define "alphaline.pod" -}}
metadata:
  labels:
    {{- include "alphaline.labels" (dict "root" .root "component" .component) | nindent 4 }}
    {{- with .labels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- with include "alphaline.podAnnotations" . }}
  annotations:
    {{- . | nindent 4 }}
  {{- end }}
spec:
  {{- include "alphaline.podSpec" . | nindent 2 }}
{{- end -}}

{{- define "alphaline.podAnnotations" -}}
{{- with .checksum }}
checksum/configuration: {{ . }}
{{- end }}
{{- if and .metricsPort (not .root.Values.monitoring.serviceMonitor) }}
prometheus.io/scrape: "true"
prometheus.io/port: {{ .metricsPort | quote }}
prometheus.io/path: /metrics
{{- end }}
{{- end -}}

{{- define "alphaline.podSpec" -}}
serviceAccountName: {{ include "alphaline.fullname" .root }}
# No process of the line talks to the API server.
automountServiceAccountToken: false
# A service named alphaline-gateway would set ALPHALINE_GATEWAY_PORT, which is a setting of ours.
enableServiceLinks: false
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
securityContext:
  {{- include "alphaline.podSecurity" .root | nindent 2 }}
{{- if .root.Values.priorityClasses.create }}
priorityClassName: {{ include "alphaline.priorityClass" (dict "root" .root "rank" .rank) }}
{{- end }}
# A stop finishes the minutes in hand, in seconds; beyond this it is killed, and recovers.
terminationGracePeriodSeconds: 30
{{- with include "alphaline.affinity" . }}
affinity:
  {{- . | nindent 2 }}
{{- end }}
topologySpreadConstraints:
  - maxSkew: 1
    topologyKey: kubernetes.io/hostname
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "alphaline.selector" (dict "root" .root "component" .component) | nindent 8 }}
{{- with .values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
containers:
  - {{- include "alphaline.container" . | nindent 4 }}
volumes:
  # What is kept for the life of a pod only: sockets, MLServer's metrics, numba's cache where the image has none.
  - name: tmp
    emptyDir:
      sizeLimit: 256Mi
  {{- if .root.Values.reference.existingClaim }}
  - name: reference
    persistentVolumeClaim:
      claimName: {{ .root.Values.reference.existingClaim }}
      readOnly: true
  {{- end }}
  {{- with include "alphaline.tlsVolume" . }}
  {{- . | nindent 2 }}
  {{- end }}
  {{- with include "alphaline.kafkaVolumes" . }}
  {{- . | nindent 2 }}
  {{- end }}
  {{- with .volumes }}
  {{- . | nindent 2 }}
  {{- end }}
{{- end -}}

{{- define "alphaline.podSecurity" -}}
runAsNonRoot: true
runAsUser: {{ int64 .Values.podSecurity.runAsUser }}
runAsGroup: {{ int64 .Values.podSecurity.runAsUser }}
fsGroup: {{ int64 .Values.podSecurity.runAsUser }}
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "alphaline.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
runAsNonRoot: true
runAsUser: {{ int64 .Values.podSecurity.runAsUser }}
runAsGroup: {{ int64 .Values.podSecurity.runAsUser }}
capabilities:
  drop: [ALL]
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "alphaline.container" -}}
name: {{ .containerName | default .component }}
image: {{ include "alphaline.image" (dict "root" .root "image" .values.image) }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
command: [python, -m, {{ .module }}{{ range .arguments }}, {{ . | quote }}{{ end }}]
{{- with .workingDirectory }}
workingDir: {{ . }}
{{- end }}
env:
  # The cache of what is compiled lies under the home folder where the image brings none.
  - {name: HOME, value: /tmp}
  {{- .settings | nindent 2 }}
  {{- with include "alphaline.tlsVariables" . }}
  {{- . | nindent 2 }}
  {{- end }}
ports:
  {{- with .metricsPort }}
  - name: metrics
    containerPort: {{ . }}
  {{- end }}
  {{- range $name, $port := .ports }}
  - name: {{ $name }}
    containerPort: {{ $port }}
  {{- end }}
{{- with .lifecycle }}
lifecycle:
  {{- . | nindent 2 }}
{{- end }}
{{- include "alphaline.probes" (.probes | default (dict "port" "metrics" "live" "/live" "ready" "/ready")) }}
resources:
  {{- toYaml .values.resources | nindent 2 }}
securityContext:
  {{- include "alphaline.containerSecurity" .root | nindent 2 }}
volumeMounts:
  - name: tmp
    mountPath: /tmp
  {{- if .root.Values.reference.existingClaim }}
  - name: reference
    mountPath: {{ .root.Values.reference.path }}
    readOnly: true
  {{- end }}
  {{- with include "alphaline.tlsMount" . }}
  {{- . | nindent 2 }}
  {{- end }}
  {{- with include "alphaline.kafkaMounts" . }}
  {{- . | nindent 2 }}
  {{- end }}
  {{- with .mounts }}
  {{- . | nindent 2 }}
  {{- end }}
{{- end -}}

{{- define "alphaline.probes" }}
{{- if not .failures }}
# Two minutes to come up: a large backlog of state to read again, on a busy node.
{{- end }}
startupProbe:
  httpGet: {path: {{ .live }}, port: {{ .port }}}
  periodSeconds: 2
  failureThreshold: {{ .failures | default 60 }}
livenessProbe:
  httpGet: {path: {{ .live }}, port: {{ .port }}}
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 6
readinessProbe:
  httpGet: {path: {{ .ready }}, port: {{ .port }}}
  periodSeconds: 2
  timeoutSeconds: 2
{{- end -}}

{{/* Pods that mount a volume of one node go where it is; workers of a component go apart. */}}
{{- define "alphaline.affinity" -}}
{{- with .share }}
podAffinity:
  requiredDuringSchedulingIgnoredDuringExecution:
    - topologyKey: kubernetes.io/hostname
      labelSelector:
        matchLabels:
          app.kubernetes.io/instance: {{ $.root.Release.Name }}
          {{ . }}
{{- end }}
{{- end -}}

{{/* A claim of a StatefulSet's own; arguments: root, component, name, storage. */}}
{{- define "alphaline.claim" -}}
- metadata:
    name: {{ .name }}
    labels:
      {{- include "alphaline.selector" . | nindent 6 }}
  spec:
    accessModes: [ReadWriteOnce]
    {{- with .storage.storageClass }}
    storageClassName: {{ . }}
    {{- end }}
    resources:
      requests:
        storage: {{ .storage.size }}
{{- end -}}

{{/* A Service; arguments: root, component, ports, headless. */}}
{{- define "alphaline.service" -}}
apiVersion: v1
kind: Service
metadata:
  name: {{ include "alphaline.fullname" .root }}-{{ .component }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "alphaline.labels" . | nindent 4 }}
spec:
  {{- if .headless }}
  # For metrics alone, pod by pod.
  clusterIP: None
  {{- end }}
  selector:
    {{- include "alphaline.selector" . | nindent 4 }}
  ports:
    {{- range $name, $port := .ports }}
    - name: {{ $name }}
      port: {{ $port }}
      targetPort: {{ $name }}
      {{- /* Without TLS, that is. */}}
      {{- if and (eq $name "grpc") (not (include "alphaline.tlsSecret" $)) }}
      appProtocol: kubernetes.io/h2c
      {{- end }}
    {{- end }}
{{- end -}}

{{/* A single writer: one pod at a time, with a claim of its own unless `claimless`. Arguments of a pod. */}}
{{- define "alphaline.singleWriter" -}}
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: {{ include "alphaline.fullname" .root }}-{{ .component }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "alphaline.labels" . | nindent 4 }}
spec:
  replicas: 1
  serviceName: {{ include "alphaline.fullname" .root }}-{{ .component }}
  selector:
    matchLabels:
      {{- include "alphaline.selector" . | nindent 6 }}
  template:
    {{- include "alphaline.pod" . | nindent 4 }}
  {{- if not .claimless }}
  volumeClaimTemplates:
    {{- include "alphaline.claim" (dict "root" .root "component" .component "name" "data" "storage" .values.storage) | nindent 4 }}
  {{- end }}
{{- end -}}

{{/* Workers that share the partitions, each a Deployment of one pod. Arguments of a pod, and workers. */}}
{{- define "alphaline.workers" -}}
{{- range $worker := until (int .values.workers) }}
{{- $share := include "alphaline.shareOfPartitions" (dict "worker" $worker "workers" $.values.workers "partitions" $.root.Values.kafka.partitions) }}
{{- $settings := printf "%s\n- {name: ALPHALINE_PARTITIONS, value: %q}" $.settings $share }}
{{- $labels := merge (dict "alphaline/worker" (toString $worker)) ($.labels | default dict) }}
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "alphaline.fullname" $.root }}-{{ $.component }}-{{ $worker }}
  namespace: {{ $.root.Release.Namespace }}
  labels:
    {{- include "alphaline.labels" $ | nindent 4 }}
    alphaline/worker: {{ $worker | quote }}
spec:
  # One worker owns its partitions; its state is in Kafka, so that another node can go on at once.
  replicas: 1
  strategy:
    type: Recreate
  selector:
    matchLabels:
      {{- include "alphaline.selector" $ | nindent 6 }}
      alphaline/worker: {{ $worker | quote }}
  template:
    {{- include "alphaline.pod" (merge (dict "settings" $settings "labels" $labels) $) | nindent 4 }}
{{- end }}
{{- end -}}
