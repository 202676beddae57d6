namespace Porthor.Server.Values;

/// <summary>Contains the paths of the API (contract/api.md 5). All of them are relative to <see cref="Prefix"/>.</summary>
internal static class ApiRoutes
{
    public const string Prefix = "/auth/api/v1";

    public const string Login = "/login";
    public const string TokenInfo = "/token-info";
    public const string UserInfo = "/user-info";
    public const string Tokens = "/tokens";
    public const string AllHistory = "/history/token-changes";
    public const string QuotaOverrides = "/quota-overrides";

    public const string Users = "/users";
    public const string User = Users + "/{username}";
    public const string HistoryOfUser = User + "/token-change-history";
    public const string TokensOfUser = User + "/tokens";
    public const string Token = TokensOfUser + "/{key}";
    public const string HistoryOfToken = Token + "/change-history";
    public const string UsageOfToken = Token + "/auth-history";

    public const string OpenIdClients = "/oidc-clients";
    public const string OpenIdClient = OpenIdClients + "/{client_id}";

    /// <summary>Returns the path of a route with its parameters, with <see cref="Prefix"/>.</summary>
    /// <param name="route">A route of this class.</param>
    /// <param name="values">The value of each parameter, in the order of the route.</param>
    public static string AddressOf(string route, params ReadOnlySpan<string> values)
    {
        var address = Prefix;
        foreach (var part in route.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            var isParameter = part.StartsWith('{');
            address += $"/{(isParameter ? Uri.EscapeDataString(values[0]) : part)}";
            values = isParameter ? values[1..] : values;
        }
        return address;
    }
}
