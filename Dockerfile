# docker build --build-arg VERSION="$(git describe --tags --always)" -t usher .
# deploy/docker/README.md says what belongs into the three folders, and has a Prosody beside it.

FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=unknown
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=${VERSION}" -o /out/usher ./cmd/usher
RUN install -d -m 0750 /out/run/usher && install -d -m 0700 /out/var/lib/usher

FROM scratch
ARG VERSION=unknown
LABEL org.opencontainers.image.title="usher" \
      org.opencontainers.image.description="Token logins, moderators and lobbies for Prosody, Jitsi Meet and ejabberd" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}"
# For key sources over https.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
# The folder comes with its mode; a volume takes owner and mode from it.
COPY --from=build --chown=65532:65532 /out/run /run
COPY --from=build --chown=65532:65532 /out/var /var
COPY --from=build /out/usher /usher
USER 65532:65532
VOLUME /run/usher /var/lib/usher
# The questions of Prosody, the gateway, and metrics, as far as the configuration names them.
EXPOSE 8280 8281 9280
# There is no shell here; usher asks itself over the admin socket, and exits with 1 while it is not ready.
HEALTHCHECK --interval=30s --timeout=3s --start-period=30s CMD ["/usher", "status"]
ENTRYPOINT ["/usher"]
CMD ["serve"]
