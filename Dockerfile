# No USER: GitHub's runner needs root to write its output files.
# https://docs.github.com/en/actions/reference/workflows-and-actions/dockerfile-support#user
FROM golang:1.26-alpine AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=
RUN CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags "-s -w -X main.version=${VERSION}" -o /polytag .

FROM alpine:3.22
RUN apk add --no-cache ca-certificates
COPY --from=build /polytag /usr/local/bin/polytag
COPY entrypoint.sh /entrypoint.sh
ENTRYPOINT ["/entrypoint.sh"]
