# Builds for any platform on the builder's own: nothing runs in the final stage, so nothing is emulated. The classic builder, which act,
# Gitea and Forgejo use, knows no BUILDPLATFORM, and takes "linux" for its own platform; older versions of Buildah leave the flag out.
# No "# syntax" line: the frontend would have to be pulled.
ARG BUILDER=${BUILDPLATFORM:-linux}
FROM --platform=$BUILDER golang:1.26-alpine AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
# One ARG a line: older versions of Buildah take only the first name. Empty means the builder's own.
ARG TARGETOS
ARG TARGETARCH
ARG TARGETVARIANT
ARG VERSION
RUN if [ "$TARGETARCH" = arm ]; then export GOARM="${TARGETVARIANT#v}"; fi && \
    CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH \
    go build -trimpath -buildvcs=false -ldflags "-s -w -X main.version=$VERSION" -o /polytag .

# No USER: GitHub's runner needs root to write its output files.
# https://docs.github.com/en/actions/reference/workflows-and-actions/dockerfile-support#user
FROM alpine:3.22
ARG VERSION
ARG REVISION
LABEL org.opencontainers.image.title="polytag" \
      org.opencontainers.image.description="Publishes a multi-architecture container image under its release tags" \
      org.opencontainers.image.url="https://github.com/polytag/polytag" \
      org.opencontainers.image.source="https://github.com/polytag/polytag" \
      org.opencontainers.image.documentation="https://github.com/polytag/polytag#readme" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /polytag /usr/local/bin/polytag
COPY entrypoint.sh /entrypoint.sh
ENTRYPOINT ["/entrypoint.sh"]
