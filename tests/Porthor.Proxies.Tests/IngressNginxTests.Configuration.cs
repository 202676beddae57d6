using Porthor.Testing;
using YamlDotNet.RepresentationModel;

namespace Porthor.Proxies.Tests;

public sealed partial class IngressNginxTests
{
    private static string OnOff(string setting) => Settings[setting].Text() == "true" ? "on" : "off";

    private static Task<ProxyProcess> StartAsync(ProxyFixture fixture, Func<string, string>? changeUrl = null) =>
        ProxyProcess.StartNginxAsync(listen =>
        $$"""
        map $http_upgrade $connection_upgrade { default upgrade; '' ''; }
        {{Settings["http-snippet"].Text()}}
        server {
            listen {{listen}};
            server_name example.com;
            large_client_header_buffers {{Settings["large-client-header-buffers"].Text()}};
            underscores_in_headers {{OnOff("enable-underscores-in-headers")}};
            ignore_invalid_headers {{OnOff("ignore-invalid-headers")}};
            {{Settings["server-snippet"].Text().Replace("# if ($uri", "if ($uri", StringComparison.Ordinal)}}
            {{string.Concat(Ingresses[..2].Select((ingress, number) => Location(ingress, number, fixture, changeUrl ?? (url => url))))}}
            location /auth/ {
                proxy_set_header Host $host;
                proxy_set_header Upgrade $http_upgrade;
                proxy_set_header Connection $connection_upgrade;
                {{Ingresses[2].At("metadata", "annotations", Prefix + "configuration-snippet").Text()}}
                proxy_pass http://{{fixture.SiteAddress}};
            }
        }
        """);

    private static string Location(YamlNode ingress, int number, ProxyFixture fixture, Func<string, string> changeUrl)
    {
        var annotations = ingress.At("metadata", "annotations").Entries().ToDictionary(
            entry => entry.Name[Prefix.Length..], entry => entry.Value.Text());
        var path = ((YamlSequenceNode)ingress.At("spec", "rules")[0].At("http", "paths"))[0]["path"].Text();
        var authUrl = new Uri(changeUrl(annotations["auth-url"]));
        var bufferSize = annotations.GetValueOrDefault("proxy-buffer-size", "4k");
        var login = annotations.GetValueOrDefault("auth-signin");
        var headers = annotations["auth-response-headers"].Split(',').Select((name, i) =>
            $"auth_request_set $authHeader{i} $upstream_http_{name.ToLowerInvariant().Replace('-', '_')};\nproxy_set_header '{name}' "
                + $"$authHeader{i};\n");
        return $$"""
            location = /_external-auth-{{number}} {
                internal;
                proxy_pass_request_body off;
                proxy_method {{annotations["auth-method"]}};
                proxy_set_header Content-Length "";
                proxy_set_header X-Forwarded-Proto "";
                proxy_set_header Host {{authUrl.Host}};
                proxy_set_header X-Original-URL $scheme://$http_host$request_uri;
                proxy_set_header X-Original-Method $request_method;
                proxy_set_header X-Auth-Request-Redirect $request_uri;
                proxy_set_header X-Forwarded-For $remote_addr;
                proxy_buffer_size {{bufferSize}};
                proxy_buffers 4 {{bufferSize}};
                proxy_busy_buffers_size {{bufferSize}};
                {{annotations.GetValueOrDefault("auth-snippet")}}
                proxy_pass http://{{fixture.Porthor.Url.Authority}}{{authUrl.PathAndQuery}};
            }
            location @signin-{{number}} { internal; return 302 "{{login}}?rd=$scheme://$http_host$request_uri"; }
            location {{path}} {
                auth_request /_external-auth-{{number}};
                {{string.Concat(headers)}}
                {{(login is null ? "" : $"error_page 401 = @signin-{number};")}}
                proxy_set_header Host $host;
                proxy_set_header X-Forwarded-For $remote_addr;
                proxy_set_header Upgrade $http_upgrade;
                proxy_set_header Connection $connection_upgrade;
                proxy_http_version 1.1;
                {{annotations.GetValueOrDefault("configuration-snippet")}}
                proxy_pass http://{{fixture.SiteAddress}};
            }

            """;
    }
}
