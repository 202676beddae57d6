using System.Text;
using Porthor.Quotas;
using Porthor.Sessions;
using Porthor.Tokens;
using static Porthor.Fuzz.FuzzException;

namespace Porthor.Fuzz;

/// <summary>What is read from our own encrypted stores. Others write there too: an older release, the reference, an accident.</summary>
internal static class JsonTargets
{
    private static readonly string[] Json = ["{", "}", "[", "]", ":", ",", "\"", "null", "true", "1e999", "-0", "\\ud800", "\\u0000", "9223372036854775808", "0.1"];

    private static readonly DateTimeOffset Now = DateTimeOffset.UnixEpoch.AddDays(20_000);

    public static readonly FuzzTarget[] All =
    [
        new("state", [.. Json, "\"csrf\":", "\"token\":", "\"login_start\":", "\"return_url\":", "\"github\":"], CheckState),
        new("record", [.. Json, "\"username\":", "\"scopes\":", "\"expires\":", "\"token\":", "\"key\":", "\"groups\":", "\"token_type\":"], CheckRecord),
        new("quota", [.. Json, "\"default\":", "\"groups\":", "\"bypass\":", "\"api\":", "\"notebook\":", "\"tap\":"], CheckQuota),
    ];

    private static void CheckState(byte[] json)
    {
        var cookie = new SessionCookie(TextTargets.Fernet);
        if (cookie.TryRead(Encoding.ASCII.GetString(TextTargets.Fernet.Encrypt(json)), out _) is { } state)
            Require(cookie.TryRead(cookie.Write(state), out _) is not null, "a state reads as it is written");
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
        Require(RecordJson.Write(RecordJson.Read(written, Now)).AsSpan().SequenceEqual(written), "a record reads as it is written");
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
        Require(QuotaJson.Write(QuotaJson.Read(written)).AsSpan().SequenceEqual(written), "a plan reads as it is written");
    }
}
