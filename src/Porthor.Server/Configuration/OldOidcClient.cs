using System.Text.Json;
using Porthor.Secrets;

namespace Porthor.Server.Configuration;

/// <summary>
/// Represents a client in <c>oidcServer.clients</c>, where older releases of Gafaelfawr stored the clients of the OpenID Connect provider.
/// <c>update-schema</c> copies them into the database (contract/oidc-server.md 1, 9).
/// </summary>
/// <param name="Id">The client ID.</param>
/// <param name="Secret">The client secret.</param>
/// <param name="ReturnUri">The redirect URI in the normalized form of the reference (<see cref="Normalize"/>).</param>
internal sealed record OldOidcClient(string Id, Secret Secret, string ReturnUri)
{
    private const string Key = "clients";
    private const string Variable = "OIDC_SERVER_CLIENTS";
    private const string Required = "Field required";
    private const string NoUrl = "must be an http:// or https:// URL with a host";

    /// <summary>Reads the clients: a list in the file, or a list in JSON in the variable or the file. Each error is added.</summary>
    public static IReadOnlyList<OldOidcClient> ReadAll(SettingsSection section) => section.IsList(Key, Variable)
        ? [.. section.List(Key).Select(Read).OfType<OldOidcClient>()]
        : section.Secret(Key, Variable) is { } json ? Read(section, json) : [];

    private static OldOidcClient? Read(SettingsSection entry)
    {
        var (id, secret, uri) = (entry.RequiredText("id"), entry.RequiredText("secret"), entry.RequiredText("returnUri"));
        entry.Finish();
        var normalized = Normalize(uri);
        if (uri.Length > 0 && normalized is null)
            entry.AddError("returnUri", uri, NoUrl);
        return normalized is null ? null : new OldOidcClient(id, new Secret(secret), normalized);
    }

    private static List<OldOidcClient> Read(SettingsSection section, Secret json)
    {
        List<OldOidcClient> clients = [];
        try
        {
            using var document = JsonDocument.Parse(json.Reveal());
            foreach (var (index, item) in document.RootElement.EnumerateArray().Index())
            {
                if (Read(item, (name, problem) => section.AddError($"{Key}[{index}]{name}", value: null, problem)) is { } client)
                    clients.Add(client);
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            section.AddError(Key, value: null, "must be a JSON list of objects with id, secret and return_uri");
        }
        return clients;
    }

    private static OldOidcClient? Read(JsonElement item, Action<string, string> addError)
    {
        Dictionary<string, string?> fields = new(StringComparer.Ordinal) { ["id"] = null, ["secret"] = null, ["return_uri"] = null };
        foreach (var member in item.EnumerateObject())
        {
            if (!fields.ContainsKey(member.Name))
                addError($".{member.Name}", "Extra inputs are not permitted");
            else if (member.Value.ValueKind == JsonValueKind.String)
                fields[member.Name] = member.Value.GetString();
        }
        foreach (var (name, _) in fields.Where(field => string.IsNullOrEmpty(field.Value)))
            addError($".{name}", Required);
        var uri = fields["return_uri"] ?? "";
        var normalized = Normalize(uri);
        if (uri.Length > 0 && normalized is null)
            addError(".return_uri", NoUrl);
        return normalized is null ? null : new OldOidcClient(fields["id"] ?? "", new Secret(fields["secret"] ?? ""), normalized);
    }

    /// <summary>
    /// Returns the URL as the reference stores it: the host in lower case, no default port, and a path. Returns null if it is not a URL.
    /// Redirect URIs are compared as texts, so that a client that works there works here too.
    /// </summary>
    private static string? Normalize(string text)
    {
        var trimmed = text.Trim();
        var start = trimmed.IndexOf("://", StringComparison.Ordinal) + 3;
        if (start < 3 || trimmed.Length > SettingsSection.LongestUrl || !Uri.TryCreate(trimmed, UriKind.Absolute, out var url)
            || url.Scheme is not ("http" or "https") || url.Host.Length == 0)
            return null;
        var end = trimmed.AsSpan(start).IndexOfAny('/', '?', '#');
        var rest = end < 0 ? "" : trimmed[(start + end)..];
        var user = url.UserInfo.Length == 0 ? "" : url.UserInfo + "@";
        var host = url.HostNameType == UriHostNameType.IPv6 ? url.Host : url.IdnHost;
        return $"{url.Scheme}://{user}{host}{(url.IsDefaultPort ? "" : $":{url.Port}")}{(rest.StartsWith('/') ? "" : "/")}{rest}";
    }
}
