using System.Diagnostics.CodeAnalysis;
using Porthor.Secrets;
using Porthor.Tokens;

namespace Porthor.Server.Hosting;

/// <summary>
/// Embedded mode's folder: the database, the two secrets and the hash of the administrator's password, readable by their owner
/// alone. What is missing is made once and used from then on.
/// </summary>
internal sealed class DataDirectory
{
    private const string DatabaseName = "porthor.db";
    private const string SecretName = "session-secret";
    private const string BootstrapTokenName = "bootstrap-token";
    private const string LockName = "lock";

    /// <summary>The name of the file with the hash of the local administrator's password.</summary>
    public const string LocalAdministratorName = "local-admin";

    private static readonly string[] FileNames =
        [DatabaseName, $"{DatabaseName}-wal", $"{DatabaseName}-shm", SecretName, BootstrapTokenName, LocalAdministratorName];

    private const UnixFileMode OwnerOnlyFolder = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const UnixFileMode OwnerOnlyFile = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private DataDirectory(string path, FernetKey[] sessionKeys, Token? bootstrapToken, bool isNew)
    {
        Path = path;
        SessionKeys = sessionKeys;
        BootstrapToken = bootstrapToken;
        IsNew = isNew;
    }

    public string Path { get; }

    /// <summary>True if this start made it.</summary>
    public bool IsNew { get; }

    public IReadOnlyList<FernetKey> SessionKeys { get; }

    /// <summary>Null if the file is missing and a command must not create it.</summary>
    public Token? BootstrapToken { get; }

    public string DatabasePath => System.IO.Path.Combine(Path, DatabaseName);

    public string BootstrapTokenPath => System.IO.Path.Combine(Path, BootstrapTokenName);

    /// <summary>Opens the directory.</summary>
    /// <param name="use">Whether the directory and the files in it are created if they are missing.</param>
    /// <exception cref="StartException">It cannot be written to, other users can change it, or a secret in it cannot be used.</exception>
    /// <param name="bringsKeys">The settings have the session secrets; those of the folder do not matter.</param>
    public static DataDirectory Open(string path, bool bringsKeys = false, DeploymentUse use = DeploymentUse.CreateIfMissing)
    {
        try
        {
            var mayCreate = use == DeploymentUse.CreateIfMissing;
            if (File.Exists(path))
                throw new StartException($"The data directory {path} cannot be used: it is a file. Choose a directory with --data-dir.");
            // First, because files that this user may not see would seem to be missing.
            DataFileAccess.Require(path);
            if (!mayCreate && !HasDatabase(path))
                throw new StartException(DeploymentText.Missing(path));
            var isNew = !Directory.Exists(path);
            if (mayCreate)
                CreateFolder(path);
            DataPermissions.Check(path, FileNames);
            DataPermissions.RefuseLink(System.IO.Path.Combine(path, LockName));
            if (!bringsKeys)
                RefuseLostSecret(path);
            var sessionSecret = ReadOrMake(System.IO.Path.Combine(path, SecretName), mayCreate ? () => FernetKey.Create().Reveal() : null);
            var bootstrapToken = ReadOrMake(System.IO.Path.Combine(path, BootstrapTokenName), mayCreate ? () => Token.Create().Reveal() : null);
            FernetKey?[] keys = [.. sessionSecret?.Split(',', StringSplitOptions.TrimEntries).Select(FernetKey.TryParse) ?? []];
            if (keys.Any(key => key is null))
                throw new StartException($"The file {SecretName} in {path} does not contain a Fernet key.");
            Token? token = null;
            if (bootstrapToken is not null && !Token.TryParse(bootstrapToken, out token))
                throw new StartException($"The file {BootstrapTokenName} in {path} does not contain a token.");
            if (mayCreate)
                CreateDatabaseFile(System.IO.Path.Combine(path, DatabaseName));
            return new DataDirectory(path, keys!, token, isNew);
        }
        catch (UnauthorizedAccessException e) when (OperatingSystem.IsLinux() && !Directory.Exists(path))
        {
            var user = FileStatus.NameOf(FileStatus.CurrentUserId);
            throw new StartException(
                $"The data directory {path} cannot be created: permission denied. Porthor runs as {user}. Choose another with --data-dir, or run as root: install -d -o {user} -m 700 {path}", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StartException($"The data directory {path} cannot be used: {e.Message}", e);
        }
    }

    /// <summary>
    /// Claims the folder for one server; the claim ends with the process, however that ends. Commands beside the server do
    /// not need it.
    /// </summary>
    /// <exception cref="StartException">Another server has it.</exception>
    [SuppressMessage("Reliability", "CA2000:Dispose objects before losing scope", Justification = "The caller holds the lock.")]
    public IDisposable Claim()
    {
        var lockPath = System.IO.Path.Combine(Path, LockName);
        try
        {
            return new FileStream(lockPath, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 1);
        }
        catch (IOException e)
        {
            throw new StartException($"Another server is running on the data directory {Path}.", e);
        }
    }

    /// <summary>The text of a file of ours; null if there is none.</summary>
    public string? TryRead(string name)
    {
        try
        {
            return File.ReadAllText(System.IO.Path.Combine(Path, name)).Trim();
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }

    /// <summary>Makes a file of ours; false if there is one already.</summary>
    public bool TryCreate(string name, string text) => TryPlace(Draft(System.IO.Path.Combine(Path, name), text), overwrite: false);

    /// <summary>Makes a file of ours, or puts another in its place; whoever reads it meanwhile reads one of the two.</summary>
    public void Replace(string name, string text) => TryPlace(Draft(System.IO.Path.Combine(Path, name), text), overwrite: true);

    /// <summary>A new secret would make every token that there is unreadable, and nobody would know why they stopped working.</summary>
    private static void RefuseLostSecret(string path)
    {
        var secret = System.IO.Path.Combine(path, SecretName);
        var database = new FileInfo(System.IO.Path.Combine(path, DatabaseName));
        if (database is { Exists: true, Length: > 0 } && !File.Exists(secret))
        {
            throw new StartException(
                $"The data directory {path} has a database but no file {SecretName}, without which no token in it can be read. Restore the file from a backup. "
                + $"If there is none, every token is lost. To start again, run: (umask 077 && porthor generate-session-secret > {secret})");
        }
    }

    private static bool HasDatabase(string path) => new FileInfo(System.IO.Path.Combine(path, DatabaseName)) is { Exists: true, Length: > 0 };

    private static void CreateFolder(string path)
    {
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(path);
        else
            Directory.CreateDirectory(path, OwnerOnlyFolder);
    }

    /// <summary>SQLite gives the files beside the database the mode of the database; an empty file is a new database.</summary>
    private static void CreateDatabaseFile(string path)
    {
        var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = OwnerOnlyFile;
        new FileStream(path, options).Dispose();
    }

    /// <summary>Returns the text of a file. Creates a missing file; two starts at the same time use the same text.</summary>
    /// <param name="make">Returns the text of a new file. If this is null, a missing file is not created, and the result is null.</param>
    private static string? ReadOrMake(string path, Func<string>? make)
    {
        if (!File.Exists(path))
        {
            if (make is null)
                return null;
            TryPlace(Draft(path, make()), overwrite: false);
        }
        return File.ReadAllText(path).Trim();
    }

    /// <summary>Writes a file aside, for its owner alone, to be moved into place as a whole.</summary>
    private static (string Draft, string Path) Draft(string path, string text)
    {
        var draft = $"{path}.{Guid.NewGuid():N}";
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = OwnerOnlyFile;
        using var file = new FileStream(draft, options);
        file.Write(System.Text.Encoding.ASCII.GetBytes(text + "\n"));
        file.Flush(flushToDisk: true);
        return (draft, path);
    }

    /// <summary>False if there is a file already and it is to stay.</summary>
    private static bool TryPlace((string Draft, string Path) file, bool overwrite)
    {
        try
        {
            File.Move(file.Draft, file.Path, overwrite);
            return true;
        }
        catch (IOException) when (!overwrite && File.Exists(file.Path))
        {
            File.Delete(file.Draft);
            return false;
        }
    }
}

/// <summary>Porthor cannot start, for a reason that one sentence tells.</summary>
internal sealed class StartException(string message, Exception? cause = null) : Exception(message, cause);
