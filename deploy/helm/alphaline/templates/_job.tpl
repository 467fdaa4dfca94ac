{{/*
A Job of one revision, hardened like the services. Arguments: root, component, image, command (list
of YAML), environment, resources, mounts, volumes, share, attempts, serviceAccount (another than the line's).
*/}}
{{- define "alphaline.job" -}}
# A Job never changes, hence a name for each revision.
apiVersion: batch/v1
kind: Job
metadata:
  name: {{ include "alphaline.fullname" .root }}-{{ .component }}-{{ .root.Release.Revision }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "alphaline.labels" . | nindent 4 }}
spec:
  backoffLimit: {{ .attempts }}
  {{- if not .attempts }}
  podFailurePolicy:
    rules:
      # A pod that had to make room for the line failed at nothing: it is made again.
      - action: Ignore
        onPodConditions:
          - type: DisruptionTarget
            status: "True"
  {{- end }}
  ttlSecondsAfterFinished: 86400
  template:
    metadata:
      labels:
        {{- include "alphaline.labels" . | nindent 8 }}
        {{- with .share }}
        {{- . | nindent 8 }}
        {{- end }}
    spec:
      # A pod that is kept can be asked why it failed; one that is tried again cleans up after itself.
      restartPolicy: {{ ternary "OnFailure" "Never" (gt (int .attempts) 0) }}
      serviceAccountName: {{ .serviceAccount | default (include "alphaline.fullname" .root) }}
      automountServiceAccountToken: false
      enableServiceLinks: false
      {{- with .root.Values.image.pullSecrets }}
      imagePullSecrets:
        {{- range . }}
        - name: {{ . }}
        {{- end }}
      {{- end }}
      securityContext:
        {{- include "alphaline.podSecurity" .root | nindent 8 }}
      {{- with include "alphaline.affinity" . }}
      affinity:
        {{- . | nindent 8 }}
      {{- end }}
      containers:
        - name: {{ .component }}
          image: {{ include "alphaline.image" (dict "root" .root "image" .image) }}
          imagePullPolicy: {{ .root.Values.image.pullPolicy }}
          workingDir: /tmp
          command:
            {{- .command | nindent 12 }}
          env:
            - {name: HOME, value: /tmp}
            {{- if has .component (include "alphaline.kafkaClients" .root | fromJsonArray) }}
            {{- with include "alphaline.kafkaVariables" .root }}
            {{- . | nindent 12 }}
            {{- end }}
            {{- end }}
            {{- with .environment }}
            {{- . | nindent 12 }}
            {{- end }}
          resources:
            {{- toYaml .resources | nindent 12 }}
          securityContext:
            {{- include "alphaline.containerSecurity" .root | nindent 12 }}
          volumeMounts:
            - {name: tmp, mountPath: /tmp}
            {{- if .root.Values.reference.existingClaim }}
            - {name: reference, mountPath: {{ .root.Values.reference.path }}, readOnly: true}
            {{- end }}
            {{- with include "alphaline.kafkaMounts" . }}
            {{- . | nindent 12 }}
            {{- end }}
            {{- with .mounts }}
            {{- . | nindent 12 }}
            {{- end }}
      volumes:
        - name: tmp
          emptyDir:
            sizeLimit: 1Gi
        {{- if .root.Values.reference.existingClaim }}
        - name: reference
          persistentVolumeClaim:
            claimName: {{ .root.Values.reference.existingClaim }}
            readOnly: true
        {{- end }}
        {{- with include "alphaline.kafkaVolumes" . }}
        {{- . | nindent 8 }}
        {{- end }}
        {{- with .volumes }}
        {{- . | nindent 8 }}
        {{- end }}
{{- end -}}
