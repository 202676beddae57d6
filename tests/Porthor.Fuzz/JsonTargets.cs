using System.Text;
using Porthor.Quotas;
using Porthor.Sessions;
using Porthor.Tokens;
using static Porthor.Fuzz.FuzzException;

namespace Porthor.Fuzz;

/// <summary>
/// Parsers of data from Porthor's encrypted stores. An older version of Porthor, the reference or a bug can have written the data.
/// </summary>
internal static class JsonTargets
{
    private static readonly string[] Json =
        ["{", "}", "[", "]", ":", ",", "\"", "null", "true", "1e999", "-0", "\\ud800", "\\u0000", "9223372036854775808", "0.1"];

    private static readonly DateTimeOffset Now = DateTimeOffset.UnixEpoch.AddDays(20_000);

    public static readonly FuzzTarget[] All =
    [
        new("state", [.. Json, "\"csrf\":", "\"token\":", "\"login_start\":", "\"return_url\":", "\"github\":"], CheckState),
        new(
            "record", [.. Json, "\"username\":", "\"scopes\":", "\"expires\":", "\"token\":", "\"key\":", "\"groups\":", "\"token_type\":"],
            CheckRecord),
        new("quota", [.. Json, "\"default\":", "\"groups\":", "\"bypass\":", "\"api\":", "\"notebook\":", "\"tap\":"], CheckQuota),
    ];

    private static void CheckState(byte[] json)
    {
        var cookie = new SessionCookie(TextTargets.Fernet);
        if (cookie.TryRead(Encoding.ASCII.GetString(TextTargets.Fernet.Encrypt(json)), out _) is { } state)
            Require(cookie.TryRead(cookie.Write(state), out _) is not null, "a written state can be read");
    }

    private static void CheckRecord(byte[] json)
    {
        TokenRecord record;
        try
        {
            record = RecordJson.Read(json, Now);
        }
        catch (FormatException)
        {
            return;
        }
        var written = RecordJson.Write(record);
        Require(
            RecordJson.Write(RecordJson.Read(written, Now)).AsSpan().SequenceEqual(written),
            "reading a written record returns the same record");
    }

    private static void CheckQuota(byte[] json)
    {
        QuotaPlan plan;
        try
        {
            plan = QuotaJson.Read(json);
        }
        catch (FormatException)
        {
            return;
        }
        var written = QuotaJson.Write(plan);
        Require(QuotaJson.Write(QuotaJson.Read(written)).AsSpan().SequenceEqual(written), "reading a written plan returns the same plan");
    }
}
