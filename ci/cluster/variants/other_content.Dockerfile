# The same image with one file more and another revision: what an upgrade brings is seen inside of a pod.
ARG IMAGE
FROM ${IMAGE} AS other
ARG REVISION
LABEL org.opencontainers.image.revision="${REVISION}"
COPY revision /app/REVISION
