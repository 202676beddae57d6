using System.Globalization;
using Porthor.Secrets;
using Porthor.Server.Platform;

namespace Porthor.Server.Hosting;

/// <summary>Specifies the session secrets that a start needs.</summary>
internal enum SecretRequirement
{
    /// <summary>Every secret that token records may be encrypted with.</summary>
    All,

    /// <summary>At least one of these secrets. Records that only the other secrets decrypt are lost.</summary>
    Any,

    /// <summary>No secret, because all records are deleted.</summary>
    None,
}

/// <summary>
/// Compares the session secrets of the configuration with the secrets that encrypted the token records. The fingerprints of these
/// secrets are stored in <c>porthor_setting</c>, one entry for each. With a wrong secret, every token would be denied with status 401.
/// Therefore the server and the commands do not start without the right secrets (decision 35).
/// </summary>
internal static partial class SessionSecretCheck
{
    private const string Prefix = "session-secret:";

    /// <summary>The maximum number of records that are examined if no fingerprint is recorded.</summary>
    private const int SampleSize = 1000;

    private static readonly TimeSpan RecordStoreTimeout = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    /// <summary>Requires the session secrets of the deployment.</summary>
    /// <exception cref="StartException">A secret is missing.</exception>
    public static async Task RequireAsync(PorthorDeployment core, SecretRequirement requirement, CancellationToken cancellationToken)
    {
        if (requirement == SecretRequirement.None || !HasSecrets(core))
            return;
        var recorded = (await ReadAsync(core, cancellationToken)).Keys.ToHashSet(StringComparer.Ordinal);
        if (recorded.Count == 0)
        {
            await RecordFirstAsync(core, cancellationToken);
            return;
        }
        var missing = recorded.Except(core.SessionKeys.Select(key => key.Fingerprint), StringComparer.Ordinal).ToList();
        if (missing.Count == 0 || (requirement == SecretRequirement.Any && missing.Count < recorded.Count))
            return;
        if (await HasRecordsAsync(core, cancellationToken))
            throw new StartException(MissingSecret(core, missing, isAnyKnown: missing.Count < recorded.Count));
        // If there are no records, every secret is accepted.
        foreach (var fingerprint in missing)
            await core.Sql.Settings.DeleteAsync(Prefix + fingerprint, cancellationToken);
        await RecordUseAsync(core, cancellationToken);
    }

    /// <summary>Records that the first configured secret encrypts records from now on.</summary>
    public static Task RecordUseAsync(PorthorDeployment core, CancellationToken cancellationToken) =>
        HasSecrets(core) ? RecordAsync(core, core.SessionKeys[0].Fingerprint, cancellationToken) : Task.CompletedTask;

    /// <summary>Returns the recorded fingerprints, each with the time at which it was last recorded.</summary>
    public static async Task<IReadOnlyDictionary<string, string>> ReadAsync(PorthorDeployment core, CancellationToken cancellationToken) =>
        (await core.Sql.Settings.ListAsync(Prefix, cancellationToken))
            .ToDictionary(entry => entry.Key[Prefix.Length..], entry => entry.Value, StringComparer.Ordinal);

    /// <summary>
    /// Removes the fingerprints of all secrets but the first, after every record was encrypted with the first. A fingerprint that was
    /// recorded again meanwhile is kept, because a node began to encrypt with its secret.
    /// </summary>
    /// <param name="before">The fingerprints that were recorded before the records were encrypted.</param>
    public static async Task ForgetOthersAsync(
        PorthorDeployment core, IReadOnlyDictionary<string, string> before, CancellationToken cancellationToken)
    {
        var now = await ReadAsync(core, cancellationToken);
        foreach (var (fingerprint, time) in before)
        {
            if (fingerprint != core.SessionKeys[0].Fingerprint && now.GetValueOrDefault(fingerprint) == time)
                await core.Sql.Settings.DeleteAsync(Prefix + fingerprint, cancellationToken);
        }
    }

    private static bool HasSecrets(PorthorDeployment core) => core.Settings.SessionKeys.Count > 0 || core.DataDirectory is not null;

    private static Task RecordAsync(PorthorDeployment core, string fingerprint, CancellationToken cancellationToken) =>
        core.Sql.Settings.SetAsync(
            Prefix + fingerprint, core.Clock.GetUtcNow().ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture),
            cancellationToken);

    /// <summary>
    /// Determines which secrets encrypted some of the records, and stores their fingerprints. This is needed once for a deployment of the
    /// reference or of an older version.
    /// </summary>
    private static async Task RecordFirstAsync(PorthorDeployment core, CancellationToken cancellationToken)
    {
        var logger = core.Loggers.CreateLogger(typeof(SessionSecretCheck));
        if (!await IsRecordStoreReadyAsync(core, cancellationToken))
        {
            Log.NotChecked(logger);
            return;
        }
        var (examined, used) = await SampleAsync(core, cancellationToken);
        if (examined > 0 && used.Count == 0)
        {
            throw new StartException(string.Create(
                CultureInfo.InvariantCulture,
                $"The session secret does not belong to this deployment: it decrypts none of the {examined} token records that were "
                + $"examined. {Correction(core)}"));
        }
        foreach (var key in used.Append(core.SessionKeys[0]).Distinct())
            await RecordAsync(core, key.Fingerprint, cancellationToken);
    }

    private static async Task<(int Examined, List<FernetKey> Used)> SampleAsync(PorthorDeployment core, CancellationToken cancellationToken)
    {
        const int enough = 100;
        var readers = core.SessionKeys.Select(key => (Key: key, Fernet: new Fernet([key], core.Clock))).ToList();
        HashSet<FernetKey> used = [];
        var examined = 0;
        await foreach (var keys in core.RecordStore.ScanAsync(cancellationToken))
        {
            foreach (var batch in keys.Chunk(enough))
            {
                var records = await core.RecordStore.GetAsync(batch, cancellationToken);
                examined += records.Count;
                used.UnionWith(
                    readers.Where(reader => records.Values.Any(record => reader.Fernet.TryDecrypt(record.Ciphertext, out _)))
                        .Select(reader => reader.Key));
                if (examined >= (used.Count > 0 ? enough : SampleSize))
                    return (examined, [.. used]);
            }
        }
        return (examined, [.. used]);
    }

    private static async Task<bool> HasRecordsAsync(PorthorDeployment core, CancellationToken cancellationToken)
    {
        // If the record store does not respond, it is assumed to contain records.
        if (!await IsRecordStoreReadyAsync(core, cancellationToken))
            return true;
        await foreach (var keys in core.RecordStore.ScanAsync(cancellationToken))
        {
            if (keys.Count > 0)
                return true;
        }
        return false;
    }

    /// <summary>
    /// Waits up to <see cref="RecordStoreTimeout"/> for the record store. In cluster mode, the record store connects in the background.
    /// </summary>
    private static async Task<bool> IsRecordStoreReadyAsync(PorthorDeployment core, CancellationToken cancellationToken)
    {
        var begun = core.Clock.GetTimestamp();
        while (true)
        {
            try
            {
                await core.RecordStore.CheckAsync(cancellationToken);
                return true;
            }
            catch (StoreUnavailableException) when (core.Clock.GetElapsedTime(begun) > RecordStoreTimeout)
            {
                return false;
            }
            catch (StoreUnavailableException)
            {
                await Task.Delay(Pause, core.Clock, cancellationToken);
            }
        }
    }

    private static string MissingSecret(PorthorDeployment core, IReadOnlyList<string> missing, bool isAnyKnown)
    {
        var needed = string.Join(", ", missing.Select(fingerprint => fingerprint[..Math.Min(FernetKey.IdLength, fingerprint.Length)]));
        var given = string.Join(", ", core.SessionKeys.Select(key => key.Id));
        var lost = isAnyKnown
            ? "If it is lost, 'porthor rotate-session-secret --force' continues without the tokens that only it can decrypt."
            : "If it is lost, every token is lost, and 'porthor delete-all-data' deletes them.";
        return $"Token records of this deployment are encrypted with the session secret {needed}, and the configuration has {given}. "
            + $"{Correction(core)} {lost}";
    }

    private static string Correction(PorthorDeployment core) => core.Settings.SessionKeys.Count == 0
        ? $"Restore the file session-secret in {core.DataDirectory!.Path}. "
                + "Until a rotation is complete, it contains both secrets, separated by a comma."
        : "Set PORTHOR_SESSION_SECRET to the secret of the deployment. "
            + "Until a rotation is complete, set it to both secrets, separated by a comma.";

    private static partial class Log
    {
        [LoggerMessage(
            Level = LogLevel.Warning,
            Message = "Cannot check the session secret, because the token record store does not respond; the next start checks it")]
        public static partial void NotChecked(ILogger logger);
    }
}
