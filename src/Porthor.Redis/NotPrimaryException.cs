using StackExchange.Redis;

namespace Porthor.Redis;

/// <summary>The exception for an answer that cannot be used because the server may not be the primary.</summary>
internal sealed class NotPrimaryException(string message) : RedisException(message);
