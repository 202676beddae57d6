using System.Globalization;
using Porthor.Server.Api;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Server.Web;

/// <summary>Represents the form for a new token: its values and its errors.</summary>
public sealed class NewTokenForm
{
    public const string ShownField = "shown";
    public const int LongestName = TokenBodies.LongestName;

    /// <summary>The key of errors that do not belong to a single field.</summary>
    public const string WholeForm = "form";

    private const string Never = "never";
    private const string OnDay = "day";

    private static readonly TimeSpan[] StandardLifetimes =
        [TimeSpan.FromDays(1), TimeSpan.FromDays(7), TimeSpan.FromDays(30), TimeSpan.FromDays(90), TimeSpan.FromDays(365)];

    private readonly Dictionary<string, string> errors = [];

    public string Name { get; private set; } = "";

    public ScopeSet Scopes { get; private init; } = ScopeSet.Empty;

    /// <summary>The lifetime in seconds, or one of the words for the other choices.</summary>
    public string Lifetime { get; private init; } = "";

    /// <summary>The last day on which the token is valid, if a date was chosen.</summary>
    public string Until { get; private init; } = "";

    /// <summary>The time at which the form was shown. The form cannot have created an older token.</summary>
    public DateTimeOffset Shown { get; private init; }

    /// <summary>The time of expiration; null if the token does not expire, or if the policy of the deployment sets the time.</summary>
    public DateTimeOffset? Expires { get; private set; }

    public bool HasErrors => errors.Count > 0;

    public string? Error(string field) => errors.GetValueOrDefault(field);

    internal static NewTokenForm Blank(TokenPolicy policy, DateTimeOffset now)
    {
        var longest = policy.Longest(TokenType.User) ?? TimeSpan.MaxValue;
        var initial = policy.DefaultUserLifetime ?? TimeSpan.FromDays(30);
        return new NewTokenForm { Shown = now, Lifetime = Value(initial < longest ? initial : longest) };
    }

    /// <summary>Returns the lifetimes that the policy allows.</summary>
    internal static IReadOnlyList<(string Value, string Text)> Lifetimes(TokenPolicy policy)
    {
        var longest = policy.Longest(TokenType.User);
        SortedSet<TimeSpan> spans = [.. StandardLifetimes.Where(span => longest is null || span <= longest)];
        if (longest is { } limit)
            spans.Add(limit);
        if (policy.DefaultUserLifetime is { } standard && (longest is null || standard <= longest))
            spans.Add(standard);
        List<(string, string)> choices = [.. spans.Select(span => (Value(span), $"in {Text(span)}"))];
        choices.Add((OnDay, "on a date"));
        // If the policy has a default lifetime, a token cannot be created without an expiration.
        if (policy.DefaultExpires(TokenType.User, DateTimeOffset.UnixEpoch) is null)
            choices.Add((Never, "never"));
        return choices;
    }

    internal static NewTokenForm Read(PageForm sent, DateTimeOffset now)
    {
        var form = new NewTokenForm
        {
            Name = sent["name"].Trim(),
            Scopes = ScopeSet.Of(sent.All("scope")),
            Lifetime = sent["lifetime"],
            Until = sent["until"].Trim(),
            Shown = long.TryParse(sent[ShownField], NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
                && seconds <= now.ToUnixTimeSeconds()
                ? DateTimeOffset.FromUnixTimeSeconds(seconds)
                : now,
        };
        if (TokenBodies.NameError(form.Name) is { } error)
        {
            form.errors["name"] = form.Name.Length == 0 ? "A token needs a name." : $"{error}.";
            // A token must not be shown again, so the field is cleared.
            if (TokenSearch.Contains(form.Name))
                form.Name = "";
        }
        form.ReadExpires(sent, now);
        return form;
    }

    /// <summary>Assigns an error to the field that it concerns. Returns false if it does not concern the form.</summary>
    internal bool TryAssign(PorthorError refusal)
    {
        var field = refusal.Kind switch
        {
            ErrorKind.DuplicateTokenName => "name",
            ErrorKind.InvalidTokenName => "name",
            ErrorKind.InvalidScopes => "scopes",
            ErrorKind.PermissionDenied or ErrorKind.RateLimited => WholeForm,
            ErrorKind.InvalidExpires => Lifetime == OnDay ? "until" : "lifetime",
            _ => null,
        };
        if (field is not null)
            errors[field] = $"{refusal.Message}.";
        return field is not null;
    }

    private void ReadExpires(PageForm sent, DateTimeOffset now)
    {
        if (IsContradiction(sent, "lifetime"))
            errors["lifetime"] = "Select one choice.";
        else if (IsContradiction(sent, "until"))
            errors["until"] = "Enter one date.";
        else if (Lifetime != OnDay && Until.Length > 0)
            errors["until"] = "A token expires after a time or on a date, not both. Select \"on a date\" above, or remove the date.";
        else if (Lifetime == OnDay)
        {
            if (DateOnly.TryParseExact(Until, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day)
                && day < DateOnly.MaxValue)
                Expires = new DateTimeOffset(day.AddDays(1), TimeOnly.MinValue, TimeSpan.Zero);
            else
                errors["until"] = Until.Length == 0 ? "Enter a date." : "This is not a valid date. Enter it as 2026-12-31.";
        }
        else if (long.TryParse(Lifetime, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
            && seconds <= (DateTimeOffset.MaxValue - now).TotalSeconds - 1)
            Expires = now + TimeSpan.FromSeconds(seconds);
        else if (Lifetime != Never)
            errors["lifetime"] = "Select when the token expires.";
    }

    /// <summary>Returns whether a field was sent more than once, with different values.</summary>
    private static bool IsContradiction(PageForm sent, string field) => sent.All(field).Distinct(StringComparer.Ordinal).Skip(1).Any();

    private static string Value(TimeSpan span) => ((long)span.TotalSeconds).ToString(CultureInfo.InvariantCulture);

    private static string Text(TimeSpan span) => span switch
    {
        { TotalDays: 365 } => "a year",
        { TotalDays: 1 } => "a day",
        { Hours: 0, Minutes: 0, Seconds: 0 } => $"{span.TotalDays:0} days",
        { TotalDays: >= 2 } => $"{span.TotalDays:0.#} days",
        { TotalHours: >= 2 } => $"{span.TotalHours:0.#} hours",
        _ => $"{span.TotalMinutes:0} minutes",
    };
}
